import Compute

/// |x|.
enum OnnxAbs: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Abs(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Abs.self] }
}
