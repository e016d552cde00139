import Compute

/// x min(1, max(0, x / 6 + 1 / 2)).
enum OnnxHardSwish: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(HardSwish(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [HardSwish.self] }
}
