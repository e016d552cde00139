import Compute

/// 1 / (1 + exp(-x)).
enum OnnxSigmoid: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Sigmoid(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Sigmoid.self] }
}
