import Compute

/// The hyperbolic cosine.
enum OnnxCosh: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let sum = try node.one(Add(), try node.one(Exp(), x), try node.one(Exp(), try node.one(Neg(), x)))
    return [try node.one(Mul(), sum, try node.scalar(0.5))]
  }
}
