import Compute

/// The greatest of the inputs, with broadcasting.
enum OnnxMax: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.joined(Max(), try node.all())]
  }
  static var writes: [any Operator.Type] { [Max.self] }
}
