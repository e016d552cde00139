import Compute

/// a to the power of b with broadcasting.
enum OnnxPow: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let (a, b) = (try node.input(0), try node.input(1))
    return [try node.one(Pow(), a, b)]
  }
  static var writes: [any Operator.Type] { [Pow.self] }
}
