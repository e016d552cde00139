import Compute

/// The p-norm of each window.
enum OnnxLpPool: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let (window, _) = try PoolAttributes.window(node, node.shape(x))
    return [try node.one(LpPool(window, p: Double(try node.int("p", 2)), normalised: false), x)]
  }

  static var writes: [any Operator.Type] { [LpPool.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? LpPool else { return }
    let window = PoolAttributes.written(op.window)
    if !op.normalised, let p = Int(exactly: op.p) {
      return call.node(name, call.inputs, call.outputs, window + [("p", .int(p))])
    }
    // The mean of the powers; for the sum times the elements, padding included.
    let powers = call.step("Pow", [call.step("Abs", [call.inputs[0]]), call.floats([op.p], [])])
    var mean = call.step(
      "AveragePool", [powers], window + [("count_include_pad", .int(op.normalised ? 0 : 1))])
    if !op.normalised {
      mean = call.step("Mul", [mean, call.floats([Double(op.window.kernel.reduce(1, *))], [])])
    }
    call.node("Pow", [mean, call.floats([1 / op.p], [])], call.outputs)
  }
}
