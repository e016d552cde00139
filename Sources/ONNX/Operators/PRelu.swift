import Compute

/// slope x below 0.
enum OnnxPRelu: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(PRelu(), try node.input(0), try node.input(1))]
  }
  static var writes: [any Operator.Type] { [PRelu.self] }
}
