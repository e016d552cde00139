import Compute

/// The cosine of radians.
enum OnnxCos: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Cos(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Cos.self] }
}
