import Compute
import Tensors
import Testing

@Suite struct ReductionTests {
  static let cases: [OperatorCase] = {
    let make: [([Int]?, Bool) -> any Operator] = [
      { ReduceSum(axes: $0, keepsDimensions: $1) }, { ReduceMean(axes: $0, keepsDimensions: $1) },
      { ReduceMax(axes: $0, keepsDimensions: $1) }, { ReduceMin(axes: $0, keepsDimensions: $1) },
      { ReduceL1(axes: $0, keepsDimensions: $1) }, { ReduceL2(axes: $0, keepsDimensions: $1) },
      { ReduceSumSquare(axes: $0, keepsDimensions: $1) },
    ]
    var cases: [OperatorCase] = []
    for make in make {
      func one(_ name: String, _ extents: [Int], _ axes: [Int]?, _ keeps: Bool, _ golden: Bool = true) {
        cases.append(OperatorCase(name, make(axes, keeps), [.init(extents: extents)], hasGolden: golden))
      }
      one("all", [3, 5], nil, false)
      one("last", [3, 17], [-1], true)
      one("first", [5, 9], [0], false)
      one("batch and space", [2, 3, 4, 5], [0, 2, 3], false)
      one("outer and inner", [2, 3, 3, 9], [1], true, false)
      one("one pixel", [1, 1, 1, 1], [2, 3], true, false)
    }
    for (from, to) in [
      ([2, 3, 4, 5], [3, 1, 1]), ([2, 3, 4], []), ([3, 1, 5], [1, 5]), ([2, 12], [12]),
      ([2, 2, 2], [2, 1, 2]),
    ] as [([Int], [Int])] {
      guard let shape = try? Shape(to) else { continue }
      cases.append(OperatorCase("to \(shape)", SumTo(shape), [.init(extents: from)]))
      if let whole = try? Shape(from) {
        cases.append(OperatorCase("to \(whole)", Expand(whole), [.init(extents: to)]))
      }
    }
    return cases
  }()

  @Test(arguments: cases) func reduces(_ one: OperatorCase) throws { try one.check() }

  /// Large enough that a sum is cut into parts, in each layout.
  @Test(arguments: [
    ([66_001], [0]), ([2, 65_703], [1]), ([65_601, 2], [0]), ([2101, 33], [0]), ([3, 401, 70], [0, 2]),
    ([5, 41, 30], [1]),
  ])
  func longSums(_ extents: [Int], _ axes: [Int]) throws {
    for op in [ReduceSum(axes: axes), ReduceMax(axes: axes)] as [any Operator] {
      try OperatorCase(
        "long", op, [.init(extents: extents, range: -0.9...1)], checksGradient: false, tolerance: 2e-7
      ).check()
    }
  }

  @Test func sumsInDouble() throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([1 << 20]))
    let parameters = try Parameters(try ParameterLayout(graph.parameters.map { ($0.name, $0.shape) }))
    let sum = try graph.sum(x)
    let entry = try #require(parameters.layout["x"])
    parameters[entry].fill(0.1)
    let program = try Program(
      try ProgramPlan(graph, outputs: [("sum", sum)], threads: 2), team: ThreadTeam(threads: 2))
    let found = try program.run([:], parameters: parameters) { $0["sum"]?[0] }
    #expect(found == Float(Double(Float(0.1)) * Double(1 << 20)))
  }

  @Test func nothingToReduce() throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([0, 2]))
    let sum = try graph.one(ReduceSum(axes: [0]), x)
    #expect(try Interpreter<Double>(graph).run([sum], ["x": []]) == [[0, 0]])
  }

  @Test func namesWhatDoesNotFit() {
    expectError(ReduceSum(axes: [2]), [[2, 3]], contains: "there is no axis 2 in [2 x 3]")
    expectError(ReduceSum(axes: [0, -2]), [[2, 3]], contains: "the axis -2 is named twice")
    expectError(ReduceMean(axes: []), [[2, 3]], contains: "no axes are named")
    expectError(ReduceMax(axes: [0]), [[0, 3]], contains: "dimension 0 of [0 x 3] is empty")
    if let shape = try? Shape([2]) {
      expectError(SumTo(shape), [[3]], contains: "cannot be broadcast")
      expectError(Expand(shape), [[2, 2]], contains: "[2 x 2] cannot be repeated to [2]")
    }
  }
}
