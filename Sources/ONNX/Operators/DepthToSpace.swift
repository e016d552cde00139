import Compute

/// Blocks of pixels from channels.
enum OnnxDepthToSpace: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let order = try node.word("mode", BlockOrder.dcr)
    guard let block = try node.int("blocksize") else { throw NodeError(.damaged, "it has no blocksize") }
    return [try node.one(DepthToSpace(block: block, order: order), try node.input(0))]
  }
}
