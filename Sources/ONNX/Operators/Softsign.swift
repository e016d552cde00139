import Compute

/// x / (1 + |x|).
enum OnnxSoftsign: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Softsign(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Softsign.self] }
}
