import Compute

/// Where the least number along an axis is.
enum OnnxArgMin: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let search = ArgMax(
      axis: try node.int("axis", 0), keepsDimensions: try node.flag("keepdims", true),
      selectsLast: try node.flag("select_last_index", false))
    return [try node.one(search, try node.one(Neg(), x), type: .int64)]
  }
}
