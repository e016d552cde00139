import Tensors
import Testing

@testable import Compute

private func x(_ extents: [Int]) -> OperatorCase.Input { .init(extents: extents, range: -1...3) }
private func scaled(_ extents: [Int]) -> [OperatorCase.Input] {
  [.init(extents: extents, range: 0.5...2), .init(extents: extents)]
}

@Suite struct NormalizationTests {
  static func statistics(_ count: Int) -> [OperatorCase.Input] {
    scaled([count]) + [
      .init(extents: [count], isDifferentiable: false),
      .init(extents: [count], range: 0.5...2, isDifferentiable: false),
    ]
  }

  static let batches = [
    OperatorCase("2-d", BatchNormalizationTraining(), [x([2, 3, 3, 5])] + statistics(3), hasGolden: true),
    OperatorCase(
      "batch 1", BatchNormalizationTraining(), [x([1, 2, 1, 3])] + statistics(2), hasGolden: true),
    OperatorCase(
      "one pixel", BatchNormalizationTraining(), [x([5, 2, 1, 1])] + statistics(2), hasGolden: true),
    OperatorCase("no space", BatchNormalizationTraining(), [x([5, 3])] + statistics(3), hasGolden: true),
    OperatorCase("3-d", BatchNormalizationTraining(), [x([2, 2, 2, 3, 2])] + statistics(2), hasGolden: true),
    OperatorCase("2-d", BatchNormalization(), [x([2, 3, 3, 5])] + statistics(3), hasGolden: true),
    OperatorCase("one pixel", BatchNormalization(), [x([1, 2, 1, 1])] + statistics(2), hasGolden: true),
    OperatorCase(
      "statistics", BatchNormalizationTraining(momentum: 0.3), [x([2, 3, 4])] + statistics(3),
      outputs: [1, 2, 3, 4], checksGradient: false),
  ]
  @Test(arguments: batches) func batchNormalization(_ one: OperatorCase) throws { try one.check() }

  /// Made with torch.nn.functional.batch_norm, momentum 0.1, of 1, 2, 4 and 8 from mean 0 and variance 1.
  @Test func runningStatisticsArePyTorchs() throws {
    var graph = Graph()
    let x = try graph.input("x", Shape([4, 1]))
    let ones = try graph.constant([1], [1])
    let zeros = try graph.constant([0], [1])
    let made = try graph.apply(BatchNormalizationTraining(), [x, ones, zeros, zeros, ones])
    let numbers = try Interpreter<Double>(graph).run(Array(made[1...]), ["x": [1, 2, 4, 8]])
    expectClose(
      numbers.map { $0[0] }, [3.75, 1 / (7.1875 + 1e-5).squareRoot(), 0.375, 0.9 + 0.1 * 28.75 / 3],
      rtol: 1e-12, atol: 0, "statistics")
  }

  /// A mean far from 0 costs no accuracy: float32 numbers around 1000 with a deviation of 1.
  @Test func farFromZero() throws {
    let shape = try Shape([2, 1, 8, 8])
    var graph = Graph()
    let x = try graph.parameter("x", shape)
    let ones = try graph.constant([1], [1])
    let zeros = try graph.constant([0], [1])
    let y = try graph.apply(BatchNormalizationTraining(), [x, ones, zeros, zeros, ones])[0]
    let numbers = Pattern.numbers(shape.count, seed: 3).map { Double(Float(1000 + $0)) }
    let exact = try Interpreter<Double>(graph).run([y], ["x": numbers])[0]
    let parameters = try Parameters(try ParameterLayout([("x", shape)]))
    for (index, number) in numbers.enumerated() { parameters["x"]?[index] = Float(number) }
    let program = try Program(
      try ProgramPlan(graph, outputs: [("y", y)], threads: 2), team: ThreadTeam(threads: 2))
    let found = try program.run([:], parameters: parameters) { outputs in
      outputs["y"].map { y in (0..<y.count).map { Double(y[$0]) } } ?? []
    }
    // The mean itself is rounded to float32: half a unit in the last place of 1000, over the deviation.
    expectClose(found, exact, rtol: 1e-6, atol: 1e-4, "far from zero")
  }

  static let rows = [
    OperatorCase(
      "2 of 3", GroupNormalization(groups: 2), [x([2, 6, 3, 5])] + scaled([6]), hasGolden: true),
    OperatorCase("one group", GroupNormalization(groups: 1), [x([2, 3, 4])] + scaled([3]), hasGolden: true),
    OperatorCase("no space", GroupNormalization(groups: 2), [x([3, 8])] + scaled([8]), hasGolden: true),
    OperatorCase("2-d", InstanceNormalization(), [x([2, 3, 3, 5])] + scaled([3]), hasGolden: true),
    OperatorCase("1-d", InstanceNormalization(), [x([1, 2, 7])] + scaled([2]), hasGolden: true),
    OperatorCase("last", LayerNormalization(), [x([2, 3, 7])] + scaled([7]), hasGolden: true),
    OperatorCase(
      "two dimensions", LayerNormalization(axis: -2), [x([3, 3, 5])] + scaled([3, 5]), hasGolden: true),
    OperatorCase("all", LayerNormalization(axis: 0), [x([2, 3])] + scaled([2, 3])),
  ]
  @Test(arguments: rows) func rowNormalization(_ one: OperatorCase) throws { try one.check() }

  static let responses = [
    OperatorCase(
      "AlexNet", LRN(size: 5, alpha: 5e-4, bias: 2), [.init(extents: [2, 7, 2, 3], range: -9...9)],
      hasGolden: true),
    OperatorCase(
      "strong", LRN(size: 3, alpha: 0.9), [.init(extents: [1, 5, 2, 2], range: -2...2)], hasGolden: true),
    OperatorCase(
      "even size", LRN(size: 4, alpha: 0.9, beta: 0.5, before: 2),
      [.init(extents: [1, 5, 2, 2], range: -2...2)], hasGolden: true),
    OperatorCase(
      "wider than the channels", LRN(size: 9, alpha: 0.9, beta: 1.2),
      [.init(extents: [1, 3, 1, 2], range: -2...2)], hasGolden: true),
  ]
  @Test(arguments: responses) func localResponse(_ one: OperatorCase) throws { try one.check() }

  static let maxima = [
    OperatorCase("channels", Softmax(axis: 1), [.init(extents: [2, 5, 3], range: -4...4)], hasGolden: true),
    OperatorCase("many lines", Softmax(axis: 1), [.init(extents: [2, 3, 300], range: -4...4)]),
    OperatorCase("many lines", LogSoftmax(axis: 1), [.init(extents: [1, 3, 270], range: -4...4)]),
    OperatorCase("last", Softmax(), [.init(extents: [3, 7], range: -30...30)], hasGolden: true),
    OperatorCase("one", Softmax(axis: 1), [.init(extents: [2, 1, 3], range: -4...4)], hasGolden: true),
    OperatorCase(
      "channels", LogSoftmax(axis: 1), [.init(extents: [2, 5, 3], range: -4...4)], hasGolden: true),
    OperatorCase("last", LogSoftmax(), [.init(extents: [3, 7], range: -30...30)], hasGolden: true),
  ]
  @Test(arguments: maxima) func softmax(_ one: OperatorCase) throws { try one.check() }

  /// exp of these overflows: only differences from the largest count.
  @Test func softmaxOfLargeNumbers() throws {
    var graph = Graph()
    let x = try graph.constant([10_000, 10_000, -10_000], [3])
    let (a, b) = (try graph.one(Softmax(), x), try graph.one(LogSoftmax(), x))
    let program = try Program(
      try ProgramPlan(graph, outputs: [("a", a), ("b", b)], threads: 1), team: ThreadTeam(threads: 1))
    let found = try program.run([:], parameters: try Parameters(try ParameterLayout([]))) { outputs in
      ["a", "b"].map { name in outputs[name].map { o in (0..<o.count).map { o[$0] } } ?? [] }
    }
    #expect(found[0] == [0.5, 0.5, 0])
    expectClose(found[1].map(Double.init), [-0.693147, -0.693147, -20000.693], rtol: 1e-6, atol: 0, "log")
  }

  @Test func inputsThatDoNotFit() throws {
    var graph = Graph()
    let image = try graph.input("image", Shape([1, 6, 1, 1]))
    let four = try graph.input("four", Shape([4]))
    let six = try graph.input("six", Shape([6]))
    func fails(_ op: any Operator, _ inputs: [Value], _ text: String) throws {
      let error = try #require(throws: GraphError.self) { try graph.apply(op, inputs, path: "norm") }
      #expect(error.description.contains(text), "\(error)")
    }
    try fails(BatchNormalizationTraining(), [image, six, six, six, six], "no variance")
    try fails(BatchNormalization(), [image, six, four, six, six], "6 channels need [6]")
    try fails(BatchNormalization(), [four, four, four, four, four], "batch and channels")
    try fails(BatchNormalization(epsilon: .nan), [image, six, six, six, six], "epsilon")
    try fails(GroupNormalization(groups: 4), [image, six, six], "cannot be divided")
    try fails(GroupNormalization(groups: 0), [image, six, six], "cannot be divided")
    try fails(InstanceNormalization(), [image, six, six], "cannot be normalised")
    try fails(LayerNormalization(axis: 4), [image, six, six], "no axis 4")
    try fails(LayerNormalization(), [image, six, six], "must be [1]")
    try fails(Softmax(axis: -5), [image], "no axis -5")
    try fails(LRN(size: 0), [image], "at least 1")
    try fails(BatchNormalization(), [image, six], "needs 5 inputs")
  }
}
