import Compute

/// The same numbers in the type of another tensor.
enum OnnxCastLike: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    node.ignore("saturate")
    node.ignore("round_mode")
    return [try node.cast(try node.input(0), to: try node.input(1).type)]
  }
}
