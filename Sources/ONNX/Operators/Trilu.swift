import Compute

/// The upper or lower triangle of matrices; zeros elsewhere.
enum OnnxTrilu: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let shape = node.shape(x)
    let isUpper = try node.flag("upper", true)
    let diagonal =
      try node.optional(1).map { (value) throws(NodeError) in try node.integers(value, "k").first ?? 0 } ?? 0
    guard shape.rank >= 2 else { throw NodeError(.mismatch, "\(shape) is no matrix") }
    let (rows, columns) = (shape.extents[shape.rank - 2], shape.extents[shape.rank - 1])
    guard rows <= 1 << 16, columns <= 1 << 16 else { throw NodeError(.unsupported, "\(shape) is too large") }
    let offset = min(max(diagonal, -(1 << 20)), 1 << 20)
    let rowPlaces = try node.constant((0..<rows).map { Double($0 + offset) }, [rows, 1], .int64)
    let columnPlaces = try node.constant((0..<columns).map { Double($0) }, [1, columns], .int64)
    let isKept =
      isUpper
      ? try node.one(GreaterOrEqual(), columnPlaces, rowPlaces, type: .bool)
      : try node.one(LessOrEqual(), columnPlaces, rowPlaces, type: .bool)
    return [try node.one(Where(), isKept, x, try node.scalar(0, x.type), type: x.type)]
  }
}
