import Compute

/// 1 / x.
enum OnnxReciprocal: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Reciprocal(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Reciprocal.self] }
}
