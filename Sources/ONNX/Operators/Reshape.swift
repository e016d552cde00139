import Compute

/// Another shape for the same numbers.
enum OnnxReshape: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let extents = try node.integers(try node.input(1), "shape")
    return [
      try node.one(Reshape(extents, allowsZero: try node.flag("allowzero", false)), try node.input(0))
    ]
  }

  static var writes: [any Operator.Type] { [Reshape.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Reshape else { return }
    let shape = call.integers(op.extents)
    call.node(
      "Reshape", [call.inputs[0], shape], call.outputs,
      op.allowsZero && op.extents.contains(0) ? [("allowzero", .int(1))] : [])
  }
}
