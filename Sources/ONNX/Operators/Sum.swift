import Compute

/// The sum of the inputs, with broadcasting.
enum OnnxSum: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.joined(Add(), try node.all())]
  }
}
