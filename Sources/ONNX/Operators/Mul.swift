import Compute

/// a times b with broadcasting.
enum OnnxMul: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let (a, b) = (try node.input(0), try node.input(1))
    return [try node.one(Mul(), a, b)]
  }
  static var writes: [any Operator.Type] { [Mul.self] }
}
