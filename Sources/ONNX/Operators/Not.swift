import Compute

/// Whether it is false.
enum OnnxNot: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Equal(), try node.input(0), try node.scalar(0), type: .bool)]
  }
}
