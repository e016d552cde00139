import Compute

/// e to the power of x.
enum OnnxExp: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Exp(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Exp.self] }
}
