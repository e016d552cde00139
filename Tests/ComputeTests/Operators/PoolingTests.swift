import Tensors
import Testing

@testable import Compute

private typealias Window = PoolWindow
/// Wide, so that no two numbers of a window are as near as the steps of finite differences.
private func wide(_ extents: [Int]) -> OperatorCase.Input { .init(extents: extents, range: -20...20) }

@Suite struct PoolingTests {
  static let maxima = [
    OperatorCase("2x2", MaxPool(.init(kernel: [2, 2])), [wide([2, 3, 6, 5])], hasGolden: true),
    OperatorCase(
      "3x3 stride 2 padded", MaxPool(.init(kernel: [3, 3], stride: [2, 2], padsBefore: [1, 1])),
      [wide([1, 2, 7, 6])], hasGolden: true),
    OperatorCase(
      "dilated",
      MaxPool(.init(kernel: [2, 3], stride: [1, 2], dilation: [2, 2], padsBefore: [1, 0])),
      [wide([1, 2, 5, 7])], hasGolden: true),
    OperatorCase(
      "asymmetric",
      MaxPool(.init(kernel: [3, 3], stride: [2, 2], padsBefore: [0, 1], padsAfter: [2, 0])),
      [wide([1, 2, 5, 6])], hasGolden: true),
    OperatorCase(
      "ceil", MaxPool(.init(kernel: [3, 3], stride: [2, 2], ceilMode: true)), [wide([1, 1, 6, 8])],
      hasGolden: true),
    OperatorCase(
      "ceil padded", MaxPool(.init(kernel: [2, 2], padsBefore: [1, 1], ceilMode: true)),
      [wide([1, 1, 4, 5])], hasGolden: true),
    OperatorCase(
      "one pixel", MaxPool(.init(kernel: [3, 3], stride: [2, 2], padsBefore: [1, 1])),
      [wide([1, 1, 1, 1])], hasGolden: true),
    OperatorCase(
      "1-d", MaxPool(.init(kernel: [3], stride: [2], padsBefore: [1])), [wide([2, 2, 9])], hasGolden: true),
    OperatorCase(
      "3-d", MaxPool(.init(kernel: [2, 2, 2], stride: [1, 2, 2], padsBefore: [0, 1, 0])),
      [wide([1, 2, 3, 4, 5])], hasGolden: true),
    OperatorCase(
      "with indices", MaxPool(.init(kernel: [2, 2], stride: [1, 1]), indices: true), [wide([2, 2, 3, 5])],
      outputs: [0, 1]),
    OperatorCase(
      "equals", MaxPool(.init(kernel: [2, 2], stride: [1, 1])),
      [.init(extents: [1, 1, 3, 3], numbers: [1, 1, 0, 1, 1, 2, 2, 2, 2])], hasGolden: true,
      checksFiniteDifferences: false),
  ]
  @Test(arguments: maxima) func maxPool(_ one: OperatorCase) throws { try one.check() }

  static let averages = [
    OperatorCase(
      "2x2", AveragePool(.init(kernel: [2, 2])), [.init(extents: [2, 3, 6, 5])], hasGolden: true),
    OperatorCase(
      "padded", AveragePool(.init(kernel: [3, 3], stride: [2, 2], padsBefore: [1, 1])),
      [.init(extents: [1, 2, 7, 6])], hasGolden: true),
    OperatorCase(
      "padded, not counted",
      AveragePool(.init(kernel: [3, 3], stride: [2, 2], padsBefore: [1, 1]), countIncludesPadding: false),
      [.init(extents: [1, 2, 7, 6])], hasGolden: true),
    OperatorCase(
      "ceil", AveragePool(.init(kernel: [3, 3], stride: [2, 2], padsBefore: [1, 1], ceilMode: true)),
      [.init(extents: [1, 1, 6, 8])], hasGolden: true),
    OperatorCase(
      "ceil, not counted",
      AveragePool(
        .init(kernel: [3, 3], stride: [2, 2], padsBefore: [1, 1], ceilMode: true),
        countIncludesPadding: false), [.init(extents: [1, 1, 6, 8])], hasGolden: true),
    OperatorCase(
      "one pixel", AveragePool(.init(kernel: [3, 3], stride: [2, 2], padsBefore: [1, 1])),
      [.init(extents: [1, 1, 1, 1])], hasGolden: true),
    OperatorCase(
      "asymmetric",
      AveragePool(.init(kernel: [3, 3], stride: [2, 2], padsBefore: [0, 1], padsAfter: [2, 0])),
      [.init(extents: [1, 2, 5, 6])], hasGolden: true),
    OperatorCase(
      "dilated", AveragePool(.init(kernel: [2, 3], stride: [1, 2], dilation: [2, 2], padsBefore: [1, 0])),
      [.init(extents: [1, 2, 5, 7])]),
    OperatorCase(
      "1-d", AveragePool(.init(kernel: [4], stride: [3], padsBefore: [2])), [.init(extents: [2, 2, 9])],
      hasGolden: true),
    OperatorCase(
      "3-d", AveragePool(.init(kernel: [2, 2, 2], stride: [1, 2, 2], padsBefore: [0, 1, 0])),
      [.init(extents: [1, 2, 3, 4, 5])], hasGolden: true),
  ]
  @Test(arguments: averages) func averagePool(_ one: OperatorCase) throws { try one.check() }

  static let wholes = [
    OperatorCase("2-d", GlobalAveragePool(), [.init(extents: [2, 3, 5, 7])], hasGolden: true),
    OperatorCase("1-d", GlobalAveragePool(), [.init(extents: [1, 2, 1])]),
    OperatorCase("2-d", GlobalMaxPool(), [wide([2, 3, 5, 7])], hasGolden: true),
    OperatorCase("3-d", GlobalMaxPool(), [wide([1, 2, 2, 3, 2])]),
  ]
  @Test(arguments: wholes) func globalPool(_ one: OperatorCase) throws { try one.check() }

  static let norms = [
    OperatorCase(
      "p 2", LpPool(.init(kernel: [2, 2]), normalised: false), [.init(extents: [2, 2, 6, 5])],
      hasGolden: true),
    OperatorCase(
      "p 3", LpPool(.init(kernel: [3, 3], stride: [2, 2]), p: 3, normalised: false),
      [.init(extents: [1, 2, 7, 6], range: 0.1...2)], hasGolden: true),
    OperatorCase(
      "p 2 normalised", LpPool(.init(kernel: [3, 3], stride: [2, 2])), [.init(extents: [1, 2, 7, 7])],
      hasGolden: true),
    OperatorCase(
      "1-d", LpPool(.init(kernel: [3], stride: [1]), p: 4, normalised: false), [.init(extents: [1, 2, 6])],
      hasGolden: true),
    OperatorCase(
      "negative numbers, padded", LpPool(.init(kernel: [3, 3], padsBefore: [1, 1]), p: 3),
      [.init(extents: [2, 1, 5, 5], range: -3 ... -1)]),
  ]
  @Test(arguments: norms) func lpPool(_ one: OperatorCase) throws { try one.check() }

  /// p = 1, normalised, of numbers that are not negative is average pooling.
  @Test func lpPoolOfOneIsAverage() throws {
    var graph = Graph()
    let x = try graph.input("x", Shape([1, 1, 5, 5]))
    let window = PoolWindow(kernel: [3, 3], stride: [2, 2], padsBefore: [1, 1])
    let norm = try graph.one(LpPool(window, p: 1), x)
    let mean = try graph.one(AveragePool(window, countIncludesPadding: false), x)
    let numbers = try Interpreter<Double>(graph).run(
      [norm, mean], ["x": Pattern.numbers(25, seed: 1).map(abs)])
    expectClose(numbers[0], numbers[1], rtol: 1e-12, atol: 0, "p = 1")
  }

  static func places(_ extents: [Int], kernel: [Int]) -> [Double] {
    var graph = Graph()
    guard let x = try? graph.input("x", Shape(extents)),
      let pooled = try? graph.apply(MaxPool(.init(kernel: kernel), indices: true), [x]),
      let numbers = try? Interpreter<Double>(graph).run(
        [pooled[1]], ["x": Pattern.numbers(extents.reduce(1, *), seed: 1)])
    else { return [] }
    return numbers[0]
  }
  static let unpoolings = [
    OperatorCase(
      "2x2", MaxUnpool(size: [4, 6]),
      [
        .init(extents: [2, 2, 2, 3]),
        .init(
          extents: [2, 2, 2, 3], numbers: places([2, 2, 4, 6], kernel: [2, 2]), isDifferentiable: false),
      ], hasGolden: true),
    OperatorCase(
      "odd size", MaxUnpool(size: [5, 7]),
      [
        .init(extents: [1, 2, 2, 3]),
        .init(
          extents: [1, 2, 2, 3], numbers: places([1, 2, 5, 7], kernel: [2, 2]), isDifferentiable: false),
      ], hasGolden: true),
    OperatorCase(
      "indices that are none", MaxUnpool(size: [3]),
      [
        .init(extents: [1, 1, 4]),
        .init(extents: [1, 1, 4], numbers: [-1, .nan, 3, 2], isDifferentiable: false),
      ]),
  ]
  @Test(arguments: unpoolings) func maxUnpool(_ one: OperatorCase) throws { try one.check() }

  /// NaN is the maximum, forward and for the gradient.
  @Test func maximaKeepNaN() throws {
    var graph = Graph()
    let x = try graph.parameter("x", Shape([1, 1, 1, 4]))
    let y = try graph.one(MaxPool(.init(kernel: [1, 2])), x)
    let layout = try ParameterLayout([("x", Shape([1, 1, 1, 4]))])
    let parameters = try Parameters(layout)
    for (index, number) in [Float.nan, 5, 1, 2].enumerated() { parameters["x"]?[index] = number }
    let program = try Program(
      try ProgramPlan(graph, outputs: [("y", y)], threads: 1), team: ThreadTeam(threads: 1))
    let found = try program.run([:], parameters: parameters) { outputs in
      outputs["y"].map { y in [y[0], y[1]] } ?? []
    }
    #expect(found.count == 2 && found[0].isNaN && found[1] == 2)
  }

  @Test(arguments: [
    (PoolWindow(kernel: [3, 3]), [1, 1, 2, 5], "does not fit"),
    (PoolWindow(kernel: [2]), [1, 1, 2, 5], "rank 3"),
    (PoolWindow(kernel: [2, 2], stride: [0, 1]), [1, 1, 4, 4], "stride"),
    (PoolWindow(kernel: [2, 2], stride: [1]), [1, 1, 4, 4], "2 numbers"),
    (PoolWindow(kernel: [2, 2], padsBefore: [2, 0]), [1, 1, 4, 4], "less than the window"),
    (PoolWindow(kernel: [2, 2], padsBefore: [0, -1]), [1, 1, 4, 4], "padding"),
    (PoolWindow(kernel: [Int.max, 1]), [1, 1, 4, 4], "kernel"),
    (
      PoolWindow(kernel: [2, 1], dilation: [3, 1], padsBefore: [2, 0]), [1, 1, 1, 1], "nothing but padding"
    ),
    (PoolWindow(kernel: []), [1, 1], "1 to 3"),
    (PoolWindow(kernel: [1, 1]), [1, 1, 0, 4], "does not fit"),
  ])
  func windowsThatDoNotFit(_ window: PoolWindow, _ extents: [Int], _ text: String) throws {
    var graph = Graph()
    let x = try graph.input("x", Shape(extents))
    for op in [MaxPool(window), AveragePool(window), LpPool(window)] as [any Operator] {
      let error = try #require(throws: GraphError.self) { try graph.one(op, x, path: "pool") }
      #expect(error.description.contains(text), "\(error)")
    }
  }
}
