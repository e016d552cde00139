import Compute

/// Blocks of pixels from channels.
enum OnnxDepthToSpace: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let order = try node.word("mode", BlockOrder.dcr)
    guard let block = try node.int("blocksize") else { throw NodeError(.damaged, "it has no blocksize") }
    return [try node.one(DepthToSpace(block: block, order: order), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [DepthToSpace.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? DepthToSpace else { return }
    call.node(
      name, call.inputs, call.outputs,
      [("blocksize", .int(op.block)), ("mode", .string(op.order == .crd ? "CRD" : "DCR"))])
  }
}
