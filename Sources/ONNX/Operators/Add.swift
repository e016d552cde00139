import Compute

/// a + b with broadcasting.
enum OnnxAdd: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    try node.apply(Add(), try node.all())
  }
  static var writes: [any Operator.Type] { [Add.self] }
}
