import Compute

/// The least of the inputs, with broadcasting.
enum OnnxMin: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.joined(Min(), try node.all())]
  }
  static var writes: [any Operator.Type] { [Min.self] }
}
