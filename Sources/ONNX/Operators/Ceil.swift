import Compute

/// The whole number above.
enum OnnxCeil: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Ceil(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Ceil.self] }
}
