import Compute

/// The dimensions in another order.
enum OnnxTranspose: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Transpose(try node.ints("perm")), try node.input(0))]
  }
}
