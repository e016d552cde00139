import Tensors
import Testing

@testable import Compute

/// A local response normalisation in steps becomes one operator; what only looks like one does not.
@Suite struct RecogniseLRNTests {
  /// As PyTorch exports it.
  private func steps(
    _ x: Value, _ graph: inout Graph, size: Int = 5, before: Int = 2, alpha: Double = 0.3,
    padding: Double = 0,
    divides: Bool = true
  ) throws -> Value {
    let shape = graph.shape(x)
    let square = try graph.one(Mul(), x, x)
    let planes = try graph.one(Reshape([shape[0], 1, shape[1], shape[2], -1]), square)
    let padded = try graph.one(
      Pad([.none, .none, .init(before, size - 1 - before), .none, .none], value: padding), planes)
    let mean = try graph.one(AveragePool(.init(kernel: [size, 1, 1], stride: [1, 1, 1])), padded)
    let back = try graph.one(Reshape(shape.extents), mean)
    let scaled = try graph.one(Mul(), back, try graph.constant([alpha], []))
    let sum = try graph.one(Add(), try graph.constant([2], [1]), scaled)
    let power = try graph.one(Pow(), sum, try graph.constant([0.75], []))
    return divides ? try graph.one(Div(), x, power) : try graph.one(Div(), square, power)
  }

  @Test(arguments: [(5, 2), (4, 2), (4, 1), (1, 0), (3, 1)]) func recognised(_ size: Int, _ before: Int)
    throws
  {
    var made = try BlockedGraph([2, 7, 3, 4])
    let y = try steps(made.input, &made.graph, size: size, before: before)
    let pass = try RecogniseLRN.run(made.graph, Goals(outputs: [("y", y)]))
    #expect(PassTests.names(pass.graph, pass.goals) == ["LRN"])
    let found = try Interpreter<Double>(pass.graph).run(pass.goals.values, made.given)[0]
    expectClose(found, try made.exact(y), rtol: 1e-12, atol: 1e-14, "\(size)")
  }

  @Test func othersStay() throws {
    for (padding, alpha, divides) in [(1.0, 0.3, true), (0, -0.3, true), (0, 0.3, false)] {
      var made = try BlockedGraph([1, 6, 3, 4])
      let y = try steps(made.input, &made.graph, alpha: alpha, padding: padding, divides: divides)
      let pass = try RecogniseLRN.run(made.graph, Goals(outputs: [("y", y)]))
      #expect(!PassTests.names(pass.graph, pass.goals).contains("LRN"))
    }
  }
}
