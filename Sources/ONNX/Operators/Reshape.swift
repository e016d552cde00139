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
    if op.allowsZero, op.extents.contains(0) {
      return call.node(
        name, [call.inputs[0], call.integers(op.extents)], call.outputs, [("allowzero", .int(1))])
    }
    // 0 for an extent that stays, -1 for the only other: so written it holds for any batch.
    let (input, output) = (call.inputShapes[0].extents, call.outputShapes[0].extents)
    var extents = output
    for index in extents.indices where index < input.count && input[index] == output[index] {
      extents[index] = 0
    }
    let rest = extents.indices.filter { extents[$0] != 0 }
    if rest.count == 1 { extents[rest[0]] = -1 }
    call.node(name, [call.inputs[0], call.integers(extents)], call.outputs)
  }
}
