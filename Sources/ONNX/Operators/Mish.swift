import Compute

/// x tanh(softplus(x)).
enum OnnxMish: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Mish(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Mish.self] }
}
