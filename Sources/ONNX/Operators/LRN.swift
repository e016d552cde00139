import Compute

/// Normalisation by neighbouring channels.
enum OnnxLRN: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    guard let size = try node.int("size") else { throw NodeError(.damaged, "it has no size") }
    let op = LRN(
      size: size, alpha: try node.float("alpha", 1e-4), beta: try node.float("beta", 0.75),
      bias: try node.float("bias", 1))
    return [try node.one(op, try node.input(0))]
  }
}
