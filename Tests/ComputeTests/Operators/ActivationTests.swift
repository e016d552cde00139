import Compute
import Testing

/// Operators of one number: activations and functions.
@Suite struct ActivationTests {
  struct Function: Sendable, CustomTestStringConvertible {
    let op: any Operator
    let range: ClosedRange<Double>
    var name = "plain"
    var testDescription: String { "\(type(of: op).name) \(name)" }
  }

  /// Ranges leave out places without a derivative.
  static let functions: [Function] = [
    .init(op: Neg(), range: -2...2), .init(op: Reciprocal(), range: 0.3...3),
    .init(op: Square(), range: -2...2),
    .init(op: Exp(), range: -4...3), .init(op: Expm1(), range: -4...3), .init(op: Log(), range: 0.1...9),
    .init(op: Log1p(), range: -0.8...9), .init(op: Sqrt(), range: 0.1...9), .init(op: Abs(), range: -2...2),
    .init(op: Sin(), range: -7...7), .init(op: Cos(), range: -7...7), .init(op: Erf(), range: -3...3),
    .init(op: Lgamma(), range: 0.1...12), .init(op: Lgamma(), range: -2.9...(-2.1), name: "negative"),
    .init(op: Digamma(), range: 0.2...12), .init(op: Digamma(), range: -2.8...(-2.2), name: "negative"),
    .init(op: Relu(), range: -2...2), .init(op: LeakyRelu(slope: 0.1), range: -2...2),
    .init(op: LeakyRelu(slope: -0.5), range: -2...2, name: "negative slope"),
    .init(op: Elu(alpha: 0.7), range: -4...2), .init(op: Elu(alpha: -0.7), range: -4...2, name: "negative"),
    .init(op: Selu(), range: -4...2), .init(op: Celu(alpha: 1.5), range: -4...2),
    .init(op: Sigmoid(), range: -6...6), .init(op: HardSigmoid(alpha: 1 / 6.0), range: -5...5),
    .init(op: HardSwish(), range: -5...5), .init(op: Swish(), range: -6...6),
    .init(op: Swish(beta: 1.7), range: -6...6, name: "beta 1.7"), .init(op: Tanh(), range: -4...4),
    .init(op: Softplus(), range: -6...6), .init(op: Gelu(), range: -4...4, name: "exact"),
    .init(op: Gelu(.tanh), range: -4...4, name: "tanh"), .init(op: Mish(), range: -6...6),
    .init(op: ThresholdedRelu(alpha: 0.5), range: -2...2), .init(op: Softsign(), range: -4...4),
    .init(op: Clip(low: -0.6, high: 1.1), range: -2...2),
  ]

  @Test(arguments: functions) func function(_ one: Function) throws {
    try OperatorCase(
      one.name, one.op, [.init(extents: [3, 7], range: one.range)], hasGolden: true, tolerance: 4e-6
    ).check()
  }

  @Test func preluPerChannel() throws {
    try OperatorCase(
      "per channel", PRelu(), [.init(extents: [2, 3, 5, 3]), .init(extents: [3, 1, 1], range: 0...0.5)],
      hasGolden: true
    ).check()
    try OperatorCase(
      "one slope", PRelu(), [.init(extents: [2, 3]), .init(extents: [1], range: 0...0.5)], hasGolden: true
    ).check()
  }

  @Test func extremeNumbersStayFinite() throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([2]))
    let ops: [any Operator] = [
      Sigmoid(), Softplus(), Tanh(), Swish(), Mish(), Gelu(), Gelu(.tanh), Elu(), HardSwish(),
    ]
    let results = try ops.map { try graph.one($0, x) }
    var gradients: [Value] = []
    for result in results { gradients += try differentiate(try graph.sum(result), by: [x], in: &graph) }
    for numbers in try Interpreter<Double>(graph).run(results + gradients, ["x": [-800, 800]]) {
      #expect(numbers.allSatisfy { $0.isFinite }, "\(numbers)")
    }
  }

  /// Against numbers of 50 digits (mpmath).
  @Test func digammaIsExact() throws {
    let known = [
      (1.0, -0.57721566490153286), (0.5, -1.9635100260214235), (10, 2.2517525890667211),
      (1e-3, -1000.5755719318103), (1.4616321449683623, 0), (100, 4.6001618527380874),
      (-0.5, 0.036489973978576520), (-3.7, -0.84507685887041672), (1e6, 13.815510057964191),
    ]
    var graph = Graph()
    let x = try graph.parameter("x", .init([known.count]))
    let result = try graph.one(Digamma(), x)
    let found = try Interpreter<Double>(graph).run([result], ["x": known.map(\.0)])
    expectClose(found[0], known.map(\.1), rtol: 1e-13, atol: 1e-14, "digamma")
  }

  @Test func namesWhatDoesNotFit() {
    expectError(Relu(), [], contains: "1 input expected, found 0")
    expectError(Clip(low: 2, high: 1), [[3]], contains: "the lower limit 2.0 is above the upper limit 1.0")
    expectError(Celu(alpha: 0), [[3]], contains: "alpha must be above 0")
  }
}
