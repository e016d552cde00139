import Compute

/// Channels from blocks of pixels.
enum OnnxSpaceToDepth: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    guard let block = try node.int("blocksize") else { throw NodeError(.damaged, "it has no blocksize") }
    return [try node.one(SpaceToDepth(block: block), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [SpaceToDepth.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? SpaceToDepth else { return }
    guard op.order == .dcr else { throw NodeError(.unsupported, "ONNX has only the order dcr") }
    call.node(name, call.inputs, call.outputs, [("blocksize", .int(op.block))])
  }
}
