import Compute

/// The dimensions from an axis on to mean 0 and variance 1.
enum OnnxLayerNormalization: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    node.ignore("stash_type")
    let x = try node.input(0)
    let shape = node.shape(x)
    let axis = try node.int("axis", -1)
    let epsilon = try node.float("epsilon", 1e-5)
    guard axis >= -shape.rank, axis < shape.rank else {
      throw NodeError(.mismatch, "there is no axis \(axis) in \(shape)")
    }
    let first = axis < 0 ? axis + shape.rank : axis
    let own = Array(shape.extents[first...])
    let scale = try node.expanded(try node.input(1), to: own)
    let bias: OnnxValue
    if let given = node.optional(2) {
      bias = try node.expanded(given, to: own)
    } else {
      bias = try node.filled(0, own, x.type)
    }
    var outputs = [try node.one(LayerNormalization(axis: axis, epsilon: epsilon), x, scale, bias)]
    guard node.outputCount > 1 else { return outputs }
    let axes = Array(first..<shape.rank)
    let mean = try node.one(ReduceMean(axes: axes, keepsDimensions: true), x)
    let square = try node.one(Square(), try node.one(Sub(), x, mean))
    let variance = try node.one(ReduceMean(axes: axes, keepsDimensions: true), square)
    let deviation = try node.one(Sqrt(), try node.one(Add(), variance, try node.scalar(epsilon)))
    outputs += [mean, try node.one(Reciprocal(), deviation)]
    return outputs
  }

  static var writes: [any Operator.Type] { [LayerNormalization.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? LayerNormalization else { return }
    call.node(name, call.inputs, call.outputs, [("axis", .int(op.axis)), ("epsilon", .float(op.epsilon))])
  }
}
