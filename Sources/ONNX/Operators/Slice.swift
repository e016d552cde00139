import Compute

/// Every so many elements from a start to an end along some axes.
enum OnnxSlice: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    func list(_ name: String, _ position: Int) throws(NodeError) -> [Int]? {
      if node.opset < 10 { return position < 4 ? try node.ints(name) : nil }
      return try node.optional(position).map { (value) throws(NodeError) in try node.integers(value, name) }
    }
    guard let starts = try list("starts", 1), let ends = try list("ends", 2) else {
      throw NodeError(.damaged, "it has no starts or no ends")
    }
    let axes = try list("axes", 3) ?? Array(starts.indices)
    return [try node.one(Slice(axes: axes, starts: starts, ends: ends, steps: try list("steps", 4)), x)]
  }
}
