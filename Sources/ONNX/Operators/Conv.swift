import Compute

/// Convolution in one to three dimensions.
enum OnnxConv: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let weights = node.shape(try node.input(1))
    guard weights.rank > 2 else {
      throw NodeError(.unsupported, "its weights \(weights) have no spatial dimensions")
    }
    let window = try WindowAttributes(
      node, kernel: weights.extents[2...].map { $0 }, input: node.shape(try node.input(0)))
    let convolution = Convolution(
      strides: window.strides, dilations: window.dilations, pads: window.pads,
      groups: try node.int("group", 1))
    return try node.apply(Conv(convolution), try node.all())
  }

  static var writes: [any Operator.Type] { [Conv.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Conv else { return }
    call.node(
      "Conv", call.inputs, call.outputs,
      WindowAttributes.written(op.convolution, kernel: Array(call.inputShapes[1].extents[2...])))
  }
}
