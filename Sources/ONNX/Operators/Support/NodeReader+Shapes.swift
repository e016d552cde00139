import Compute
import Tensors

/// What several operators do with shapes and types.
extension NodeReader {
  /// Axes that an attribute names, or an input since some opset.
  func axes(input position: Int, since version: Int) throws(NodeError) -> [Int]? {
    if opset < version { return try ints("axes") }
    return try optional(position).map { (value) throws(NodeError) in try integers(value, "axes") }
  }

  /// Repeated along dimensions of extent 1; dimensions in front are added.
  func expanded(_ x: OnnxValue, to extents: [Int]) throws(NodeError) -> OnnxValue {
    let own = shape(x).extents
    let rank = max(own.count, extents.count)
    let a = Array(repeating: 1, count: rank - own.count) + own
    let b = Array(repeating: 1, count: rank - extents.count) + extents
    let target: Shape
    do { target = try Shape(zip(a, b).map { $0 == 1 ? $1 : $0 }) } catch {
      throw NodeError(.mismatch, error.description)
    }
    for (have, want) in zip(a, b) where have != want && have != 1 && want != 1 {
      throw NodeError(.mismatch, "\(shape(x)) cannot be repeated to \(extents)")
    }
    return target == shape(x) ? x : try one(Expand(target), x)
  }

  /// One number in a shape.
  func filled(_ number: Double, _ extents: [Int], _ type: ElementType) throws(NodeError) -> OnnxValue {
    let shape: Shape
    do { shape = try Shape(extents) } catch { throw NodeError(.mismatch, error.description) }
    let scalar = try scalar(number, type)
    return shape.rank == 0 ? scalar : try one(Expand(shape), scalar)
  }

  /// All inputs joined by an operator of two.
  func joined(_ op: any Operator, _ inputs: [OnnxValue]) throws(NodeError) -> OnnxValue {
    guard var result = inputs.first else { throw NodeError(.damaged, "it has no inputs") }
    for next in inputs.dropFirst() { result = try one(op, result, next) }
    return result
  }

  func cast(_ x: OnnxValue, to type: ElementType) throws(NodeError) -> OnnxValue {
    if type == .bool {
      guard x.type != .bool else { return x }
      let isZero = try one(Equal(), x, try scalar(0, x.type))
      return try one(Equal(), isZero, try scalar(0), type: .bool)
    }
    guard x.type.isFloat, !type.isFloat else { return OnnxValue(x.value, type) }
    return try one(Trunc(), x, type: type)
  }

  /// An operator along an axis; up to opset 12 along all dimensions from the axis on together.
  func alongRows(_ x: OnnxValue, _ apply: (OnnxValue, _ axis: Int) throws(NodeError) -> OnnxValue)
    throws(NodeError) -> OnnxValue
  {
    guard opset < 13 else { return try apply(x, try int("axis", -1)) }
    let shape = shape(x)
    let axis = try int("axis", 1)
    let rows = try one(Flatten(axis: axis), x)
    return try one(Reshape(to: shape), try apply(rows, 1))
  }

  func alongRows(_ x: OnnxValue, _ op: (Int) -> any Operator) throws(NodeError) -> OnnxValue {
    try alongRows(x) { (value, axis) throws(NodeError) in try one(op(axis), value) }
  }

  /// Scale and zero point of a quantisation, shaped so that they are repeated along all axes but their own.
  func quantisation(_ x: OnnxValue) throws(NodeError) -> (scale: OnnxValue, zero: OnnxValue?) {
    let axis = try int("axis", 1)
    guard try int("block_size", 0) == 0 else {
      throw NodeError(.unsupported, "quantisation in blocks is not read")
    }
    let rank = shape(x).rank
    func spread(_ value: OnnxValue) throws(NodeError) -> OnnxValue {
      guard shape(value).rank == 1, shape(value).count != 1 else {
        return shape(value).rank == 0 ? value : try one(Reshape([]), value)
      }
      guard axis >= -rank, axis < rank else {
        throw NodeError(.mismatch, "there is no axis \(axis) in \(shape(x))")
      }
      var extents = Array(repeating: 1, count: rank)
      extents[axis < 0 ? axis + rank : axis] = shape(value).count
      return try one(Reshape(extents), value)
    }
    return (try spread(try input(1)), try optional(2).map { (value) throws(NodeError) in try spread(value) })
  }
}
