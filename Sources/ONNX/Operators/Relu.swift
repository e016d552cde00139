import Compute

/// max(x, 0).
enum OnnxRelu: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Relu(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Relu.self] }
}
