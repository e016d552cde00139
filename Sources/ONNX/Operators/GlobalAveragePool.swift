import Compute

/// The mean over space.
enum OnnxGlobalAveragePool: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(GlobalAveragePool(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [GlobalAveragePool.self] }
}
