import Compute

/// -1, 0 or 1.
enum OnnxSign: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Sign(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Sign.self] }
}
