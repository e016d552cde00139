import Compute

/// Repeats the input to a shape.
enum OnnxExpand: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let wanted = try node.integers(try node.input(1), "shape")
    return [try node.expanded(x, to: wanted)]
  }
}
