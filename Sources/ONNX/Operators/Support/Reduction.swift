import Compute
import Tensors

/// What the reductions have in common: axes as an attribute or, later, as an input.
struct Reduction {
  /// nil: all.
  let axes: [Int]?
  let keepsDimensions: Bool
  /// No axes are named, and that means none.
  let isIdentity: Bool

  init(_ node: NodeReader) throws(NodeError) {
    keepsDimensions = try node.flag("keepdims", true)
    let keepsAll = try node.flag("noop_with_empty_axes", false)
    var axes = try node.ints("axes")
    if axes == nil, let input = node.optional(1) { axes = try node.integers(input, "axes") }
    if axes?.isEmpty == true { axes = nil }
    isIdentity = axes == nil && keepsAll
    self.axes = axes
  }

  static func write(_ op: any Operator, _ name: String, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? any ReduceOperator else { return }
    // No axes at all would be all of them.
    guard op.axes?.isEmpty != true else { throw NodeError(.unsupported, "it reduces no axis") }
    call.node(
      name, [call.inputs[0]] + (op.axes.map { [call.integers($0)] } ?? []), call.outputs,
      [("keepdims", .int(op.keepsDimensions ? 1 : 0))])
  }

  /// Whether a dimension that is reduced has no numbers.
  func isOfNothing(_ shape: Shape) -> Bool {
    guard let axes else { return shape.extents.contains(0) }
    return axes.contains { axis in
      let place = axis < 0 ? axis + shape.rank : axis
      return shape.extents.indices.contains(place) && shape.extents[place] == 0
    }
  }

  /// - Parameters:
  ///   - value: instead of the first input.
  ///   - standard: the result of no numbers at all, where the operator has none.
  func apply(
    _ node: NodeReader, of value: OnnxValue? = nil, ofNothing standard: Double? = nil,
    _ make: (_ axes: [Int]?, _ keepsDimensions: Bool) -> any Operator
  ) throws(NodeError) -> OnnxValue {
    let input = try node.input(0)
    let x = value ?? input
    let shape = node.shape(x)
    if isIdentity {
      // Each number is a group of its own.
      let column = try node.one(Reshape([shape.count, 1], allowsZero: true), x)
      return try node.one(Reshape(to: shape), try node.one(make([1], false), column))
    }
    if let standard, isOfNothing(shape) {
      let empty = ReduceSum(axes: axes, keepsDimensions: keepsDimensions)
      return try node.filled(standard, node.shape(try node.one(empty, x)).extents, x.type)
    }
    return try node.one(make(axes, keepsDimensions), x)
  }
}
