import Compute

/// gamma x above 0, gamma alpha (exp(x) - 1) below.
enum OnnxSelu: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let alpha = try node.float("alpha", 1.67326319217681884765625)
    let gamma = try node.float("gamma", 1.05070102214813232421875)
    let x = try node.input(0)
    if abs(alpha - 1.6732632) < 1e-6, abs(gamma - 1.0507010) < 1e-6 { return [try node.one(Selu(), x)] }
    return [try node.one(Mul(), try node.one(Elu(alpha: alpha), x), try node.scalar(gamma))]
  }
  static var writes: [any Operator.Type] { [Selu.self] }
}
