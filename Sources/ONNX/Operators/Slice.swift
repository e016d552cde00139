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

  static var writes: [any Operator.Type] { [Slice.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Slice else { return }
    // Ends of spatial axes are counted from the end of the axis, so that they hold for any extent.
    var ends: [Int] = []
    let shape = call.inputShapes[0]
    for (position, axis) in op.axes.enumerated() {
      let dimension = axis < 0 ? axis + shape.rank : axis
      let end = op.ends[position]
      guard op.steps[position] > 0, end >= 0, shape.extents.indices.contains(dimension) else {
        ends.append(end)
        continue
      }
      ends.append(
        end >= shape[dimension] ? Int(Int64.max) : dimension >= 2 ? end - shape[dimension] : end)
    }
    call.node(
      name,
      [
        call.inputs[0], call.integers(op.starts), call.integers(ends), call.integers(op.axes),
        call.integers(op.steps),
      ], call.outputs)
  }
}
