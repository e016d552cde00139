import Compute

/// The hyperbolic sine.
enum OnnxSinh: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let difference = try node.one(
      Sub(), try node.one(Expm1(), x), try node.one(Expm1(), try node.one(Neg(), x)))
    return [try node.one(Mul(), difference, try node.scalar(0.5))]
  }
}
