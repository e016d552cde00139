import Compute

/// The greatest number over space.
enum OnnxGlobalMaxPool: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(GlobalMaxPool(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [GlobalMaxPool.self] }
}
