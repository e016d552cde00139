import Compute

/// How many numbers the input has.
enum OnnxSize: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.scalar(Double(node.shape(try node.input(0)).count), .int64)]
  }
}
