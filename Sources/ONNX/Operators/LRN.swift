import Compute

/// Normalisation by neighbouring channels.
enum OnnxLRN: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    guard let size = try node.int("size") else { throw NodeError(.damaged, "it has no size") }
    let op = LRN(
      size: size, alpha: try node.float("alpha", 1e-4), beta: try node.float("beta", 0.75),
      bias: try node.float("bias", 1))
    return [try node.one(op, try node.input(0))]
  }

  static var writes: [any Operator.Type] { [LRN.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? LRN else { return }
    if op.before == (op.size - 1) / 2 {
      return call.node(
        name, call.inputs, call.outputs,
        [
          ("size", .int(op.size)), ("alpha", .float(op.alpha)), ("beta", .float(op.beta)),
          ("bias", .float(op.bias)),
        ])
    }
    // Another middle of an even size: the mean of the squares of channels, which are a dimension of their own.
    guard call.inputShapes[0].rank == 4 else {
      throw NodeError(.unsupported, "an even size needs an input of rank 4, found \(call.inputShapes[0])")
    }
    let squares = call.step("Mul", [call.inputs[0], call.inputs[0]])
    let axis = call.integers([1])
    let mean = call.step(
      "AveragePool", [call.step("Unsqueeze", [squares, axis])],
      [
        ("kernel_shape", .ints([op.size, 1, 1])), ("count_include_pad", .int(1)),
        ("pads", .ints([op.before, 0, 0, op.size - 1 - op.before, 0, 0])),
      ])
    let scaled = call.step("Mul", [call.step("Squeeze", [mean, axis]), call.floats([op.alpha], [])])
    let base = call.step("Add", [scaled, call.floats([op.bias], [])])
    call.node("Div", [call.inputs[0], call.step("Pow", [base, call.floats([op.beta], [])])], call.outputs)
  }
}
