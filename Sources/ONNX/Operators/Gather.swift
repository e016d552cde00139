import Compute

/// The slices that indices name.
enum OnnxGather: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let axis = try node.int("axis", 0)
    return [try node.one(Gather(axis: axis), try node.input(0), try node.input(1))]
  }
}
