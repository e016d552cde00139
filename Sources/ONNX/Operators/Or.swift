import Compute

/// Whether one is true or both are.
enum OnnxOr: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Max(), try node.input(0), try node.input(1), type: .bool)]
  }
}
