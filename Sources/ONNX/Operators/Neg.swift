import Compute

/// -x.
enum OnnxNeg: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Neg(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Neg.self] }
}
