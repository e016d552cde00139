import Compute

/// a where the condition is true, else b.
enum OnnxWhere: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let a = try node.input(1)
    return [try node.one(Where(), try node.input(0), a, try node.input(2), type: a.type)]
  }
}
