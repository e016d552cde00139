import Compute

/// The square root.
enum OnnxSqrt: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Sqrt(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Sqrt.self] }
}
