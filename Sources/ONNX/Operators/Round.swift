import Compute

/// The nearest whole number; of two the even one.
enum OnnxRound: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Round(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Round.self] }
}
