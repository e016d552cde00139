import Compute

/// Whether it is no number.
enum OnnxIsNaN: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    return [try node.one(Equal(), try node.one(Equal(), x, x), try node.scalar(0), type: .bool)]
  }
}
