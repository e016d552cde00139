import Compute
import Tensors
import Testing

@Suite struct ArithmeticTests {
  static let cases =
    pair(Add()) + pair(Sub()) + pair(Mul()) + pair(Div(), second: 0.5...2)
    + pair(Pow(), first: 0.2...2, second: -2...2) + pair(Min(), second: -1.3...0.9)
    + pair(Max(), second: -1.3...0.9) + [
      OperatorCase(
        "whole exponent of a negative number", Pow(),
        [.init(extents: [3, 5]), .init(extents: [], numbers: [3], isDifferentiable: false)], hasGolden: true)
    ]
    + [1, 2, 3, -1, 2.5, 0].map { exponent in
      OperatorCase(
        "power \(exponent)", Pow(),
        [
          .init(extents: [2, 7], range: 0.2...2),
          .init(extents: [], numbers: [exponent], isDifferentiable: false),
        ])
    } + [
      OperatorCase(
        "equal numbers", Max(), [.init(extents: [3], numbers: [1, 2, 3]), .init(extents: [], numbers: [2])],
        checksGradient: false)
    ]

  static func pair(
    _ op: any Operator, first: ClosedRange<Double> = -1...1, second: ClosedRange<Double> = -1...1
  ) -> [OperatorCase] {
    func one(_ name: String, _ a: [Int], _ b: [Int], golden: Bool = true) -> OperatorCase {
      OperatorCase(
        name, op, [.init(extents: a, range: first), .init(extents: b, range: second)], hasGolden: golden)
    }
    return [
      one("same", [2, 3], [2, 3]),
      one("broadcast", [2, 3, 4], [3, 1]),
      one("broadcast both", [3, 1, 5], [1, 2, 1]),
      one("per channel", [2, 3, 5, 7], [1, 3, 1, 1], golden: false),
      one("last dimension", [4, 7], [7], golden: false),
      one("per image", [2, 1, 1, 1], [2, 3, 1, 4], golden: false),
      one("one number", [], [1, 5], golden: false),
      one("one pixel", [1, 1, 1, 1], [1], golden: false),
    ]
  }

  @Test(arguments: cases) func number(_ one: OperatorCase) throws { try one.check() }

  @Test func sharesTheGradientBetweenEqualNumbers() throws {
    var graph = Graph()
    let a = try graph.parameter("a", .init([3]))
    let b = try graph.constant([1, 2, 3], [3])
    let loss = try graph.sum(try graph.maximum(a, b))
    let gradient = try differentiate(loss, by: [a], in: &graph)
    #expect(try Interpreter<Double>(graph).run(gradient, ["a": [0, 2, 5]]) == [[0, 0.5, 1]])
  }

  @Test(arguments: [
    (Greater() as any Operator, [0.0, 0, 1]), (Less(), [1, 0, 0]), (Equal(), [0, 1, 0]),
    (GreaterOrEqual(), [0, 1, 1]), (LessOrEqual(), [1, 1, 0]),
  ])
  func compares(_ op: any Operator, _ expected: [Double]) throws {
    var graph = Graph()
    let a = try graph.parameter("a", .init([3]))
    let result = try graph.one(op, a, graph.constant(2))
    #expect(try Interpreter<Double>(graph).run([result], ["a": [1, 2, 3]]) == [expected])
    try OperatorCase(
      "fast", op, [.init(extents: [2, 9]), .init(extents: [9], numbers: [0, 1, 0, -1, 0, 0.5, 0, 2, 0])],
      checksGradient: false
    ).check()
  }

  @Test func choosesWhere() throws {
    let condition = [1.0, 0, 0, 1, 1, 0]
    for (a, b) in [([2, 3], [2, 3]), ([3], [2, 1]), ([], [1, 1])] {
      try OperatorCase(
        "where", Where(),
        [
          .init(extents: [2, 3], numbers: condition, isDifferentiable: false), .init(extents: a),
          .init(extents: b),
        ]
      ).check()
    }
    try OperatorCase(
      "repeated condition", Where(),
      [
        .init(extents: [3, 1], numbers: [1, 0, 1], isDifferentiable: false), .init(extents: [2, 3, 4]),
        .init(extents: [4]),
      ], hasGolden: true
    ).check()
  }

  @Test func keepsNaN() throws {
    var graph = Graph()
    let a = try graph.parameter("a", .init([2]))
    let results = [
      try graph.maximum(a, 0), try graph.minimum(a, 0), try graph.clip(a, -1, 1), try graph.one(Relu(), a),
      try graph.one(ReduceMax(), a), try graph.one(ReduceMin(), a), try graph.one(Sign(), a),
    ]
    for numbers in try Interpreter<Double>(graph).run(results, ["a": [.nan, 2]]) {
      #expect(numbers[0].isNaN)
    }
  }

  @Test func namesWhatDoesNotFit() throws {
    for op in [Add(), Sub(), Mul(), Div(), Pow(), Min(), Max(), Greater()] as [any Operator] {
      expectError(op, [[2, 3], [2, 4]], contains: "[2 x 3] and [2 x 4] cannot be broadcast")
      expectError(op, [[2, 3]], contains: "2 inputs expected, found 1")
    }
    expectError(Where(), [[2], [2], [3]], contains: "cannot be broadcast")
    expectError(PRelu(), [[2, 3, 4, 4], [5, 1, 1]], contains: "cannot be broadcast")
    expectError(PRelu(), [[3], [2, 3]], contains: "the slopes [2 x 3] cannot be broadcast to [3]")
  }
}

/// The shape rule must refuse these inputs and say why.
func expectError(
  _ op: any Operator, _ extents: [[Int]], contains text: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  do {
    let shapes = try op.outputShapes(try extents.map { try Shape($0) })
    Issue.record("\(type(of: op).name) made \(shapes)", sourceLocation: sourceLocation)
  } catch {
    #expect("\(error)".contains(text), "\(error)", sourceLocation: sourceLocation)
  }
}
