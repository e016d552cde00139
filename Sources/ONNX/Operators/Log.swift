import Compute

/// The natural logarithm.
enum OnnxLog: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Log(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Log.self] }
}
