import Compute

/// Whether just one is true.
enum OnnxXor: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let same = try node.one(Equal(), try node.input(0), try node.input(1), type: .bool)
    return [try node.one(Equal(), same, try node.scalar(0), type: .bool)]
  }
}
