import Compute

/// The input itself.
enum OnnxIdentity: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.input(0)]
  }
  static var writes: [any Operator.Type] { [Identity.self] }
}
