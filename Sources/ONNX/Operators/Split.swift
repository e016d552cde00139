import Compute

/// Cuts the input along an axis.
enum OnnxSplit: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let axis = try node.int("axis", 0)
    let shape = node.shape(x)
    guard axis >= -shape.rank, axis < shape.rank else {
      throw NodeError(.mismatch, "there is no axis \(axis) in \(shape)")
    }
    let extent = shape.extents[axis < 0 ? axis + shape.rank : axis]
    let given =
      node.opset < 13
      ? try node.ints("split")
      : try node.optional(1).map { (value) throws(NodeError) in try node.integers(value, "split") }
    let parts = try node.int("num_outputs", node.outputCount)
    if let given { return try node.apply(Split(axis: axis, sizes: given), [x]) }
    guard parts >= 1, parts == node.outputCount else {
      throw NodeError(.damaged, "it has \(node.outputCount) outputs and num_outputs \(parts)")
    }
    // The last part is smaller when they cannot be equal.
    let size = (extent + parts - 1) / parts
    guard size * (parts - 1) <= extent, node.opset >= 18 || extent % parts == 0 else {
      throw NodeError(.mismatch, "\(extent) along axis \(axis) cannot be cut into \(parts) parts")
    }
    let sizes = Array(repeating: size, count: parts - 1) + [extent - size * (parts - 1)]
    return try node.apply(Split(axis: axis, sizes: sizes), [x])
  }

  static var writes: [any Operator.Type] { [Split.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Split else { return }
    call.node(name, [call.inputs[0], call.integers(op.sizes)], call.outputs, [("axis", .int(op.axis))])
  }
}
