import Tensors
import Testing

@testable import Compute

/// Results that take over the storage of an input, and tensors of more than one piece: programs, in which both
/// happen, against the interpreter, in which neither does.
@Suite struct OverlayTests {
  /// Runs the sum of op(x + 0, ...) x weights and its gradients both ways.
  func check(_ op: any Operator, _ inputs: [(extents: [Int], range: ClosedRange<Double>)]) throws {
    var graph = Graph()
    var given: [String: [Double]] = [:]
    var parameters: [Value] = []
    var copies: [Value] = []
    for (position, input) in inputs.enumerated() {
      let shape = try Shape(input.extents)
      let (low, high) = (input.range.lowerBound, input.range.upperBound)
      given["x\(position)"] = Pattern.numbers(shape.count, seed: position + 1).map {
        Double(Float(low + ($0 + 1) / 2 * (high - low)))
      }
      parameters.append(try graph.parameter("x\(position)", shape))
      copies.append(try graph.add(parameters[position], 0))
    }
    let result = try graph.apply(op, copies)[0]
    let scaled = try graph.multiply(result, 0.5)
    let loss = try graph.sum(try graph.multiply(scaled, scaled))
    let gradients = try differentiate(loss, by: parameters, in: &graph)
    let outputs = ([loss] + gradients).enumerated().map { (name: "v\($0)", value: $1) }
    let expected = try Interpreter<Double>(graph).run(outputs.map(\.value), given)
    let layout = try ParameterLayout(graph.parameters.map { ($0.name, $0.shape) })
    let store = try Parameters(layout)
    for entry in layout.entries {
      for (index, number) in (given[entry.name] ?? []).enumerated() { store[entry][index] = Float(number) }
    }
    let plan = try ProgramPlan(graph, outputs: outputs, threads: 2)
    let program = try Program(plan, team: ThreadTeam(threads: 2))
    let found = try program.run([:], parameters: store) { results in
      outputs.map { name, _ in results[name].map { o in (0..<o.count).map { Double(o[$0]) } } ?? [] }
    }
    for (position, numbers) in expected.enumerated() {
      let scale = numbers.reduce(0) { max($0, abs($1)) }
      expectClose(
        found[position], numbers, rtol: 2e-5, atol: 1e-5 * scale, "\(type(of: op).name) \(position)")
    }
  }

  @Test(arguments: ActivationTests.functions) func function(_ one: ActivationTests.Function) throws {
    // More than one scratch of the chained kernels.
    try check(one.op, [([701], one.range)])
  }

  /// More than one piece of work.
  @Test(arguments: [Exp(), Relu(), Mish()] as [any Operator]) func severalPieces(_ op: any Operator) throws {
    try check(op, [([8500], -2...2)])
  }

  @Test(arguments: [Add(), Sub(), Mul(), Div(), Min(), Max(), Pow(), PRelu()] as [any Operator])
  func pairs(_ op: any Operator) throws {
    try check(op, [([3, 101], 0.2...2), ([3, 101], 0.3...1.9)])
    try check(op, [([3, 101], 0.2...2), ([3, 1], 0.3...1.9)])
    if !(op is PRelu) { try check(op, [([3, 1], 0.2...2), ([3, 101], 0.3...1.9)]) }
  }

  @Test func shaping() throws {
    let ops: [any Operator] = [
      Reshape([-1]), Flatten(), Unsqueeze(axes: [0]), Identity(), Transpose(),
      Slice(axis: 1, 5, 90), Pad([.init(1, 1, .replicate), .init(2, 3, .periodic)]),
    ]
    for op in ops { try check(op, [([3, 101], -1...1)]) }
  }

  /// Reshapes cost neither memory nor copies.
  @Test func reshapesTakeOverTheirInput() throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([4, 256]))
    let sum = try graph.add(x, 1)
    let flat = try graph.reshape(sum, [-1])
    let back = try graph.one(Unsqueeze(axes: [0]), flat)
    let plan = try ProgramPlan(graph, outputs: [("y", back)], threads: 1)
    #expect(plan.arenaBytes == 4096)
  }
}
