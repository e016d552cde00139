import Compute

/// Whether both are true.
enum OnnxAnd: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Mul(), try node.input(0), try node.input(1), type: .bool)]
  }
}
