import Compute

/// The expected value of stochastic pooling: the sum of a^2 over the sum of a, a = max(x, 0), 0 where there is none.
enum OnnxStochasticPool: OnnxWriting {
  static var writes: [any Operator.Type] { [StochasticPool.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? StochasticPool else { return }
    guard !op.samples else { throw NodeError(.unsupported, "it draws random numbers") }
    // Means have the same quotient as sums. Where nothing is positive, 0 is divided by the smallest number.
    let window = PoolAttributes.written(op.window) + [("count_include_pad", AttributeValue.int(1))]
    let a = call.step("Relu", [call.inputs[0]])
    let sum = call.step("AveragePool", [a], window)
    let squares = call.step("AveragePool", [call.step("Mul", [a, a])], window)
    let least = call.floats([1.1754944e-38], [])
    call.node("Div", [squares, call.step("Max", [sum, least])], call.outputs)
  }
}
