import Compute

/// The hyperbolic tangent.
enum OnnxTanh: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Tanh(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Tanh.self] }
}
