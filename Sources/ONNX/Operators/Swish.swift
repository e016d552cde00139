import Compute

/// x sigmoid(alpha x).
enum OnnxSwish: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Swish(beta: try node.float("alpha", 1)), try node.input(0))]
  }
}
