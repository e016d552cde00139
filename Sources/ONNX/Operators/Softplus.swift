import Compute

/// ln(1 + exp(x)).
enum OnnxSoftplus: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Softplus(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Softplus.self] }
}
