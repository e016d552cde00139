import Compute

/// Products of matrices.
enum OnnxMatMul: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(MatMul(), try node.input(0), try node.input(1))]
  }
  static var writes: [any Operator.Type] { [MatMul.self] }
}
