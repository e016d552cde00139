import Compute

/// The sine of radians.
enum OnnxSin: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Sin(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Sin.self] }
}
