import Compute

/// Channels from blocks of pixels.
enum OnnxSpaceToDepth: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    guard let block = try node.int("blocksize") else { throw NodeError(.damaged, "it has no blocksize") }
    return [try node.one(SpaceToDepth(block: block), try node.input(0))]
  }
}
