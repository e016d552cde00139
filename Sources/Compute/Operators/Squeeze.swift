import Tensors

/// Takes out dimensions of extent 1: those named, or all.
public struct Squeeze: ReshapingOperator {
  public static let name = "Squeeze"
  public let axes: [Int]?
  public init(axes: [Int]? = nil) { self.axes = axes }
  public var detail: String { axes.map { "axes \($0)" } ?? "" }

  public func target(_ shape: Shape) throws(OperatorError) -> Shape {
    guard let axes else { return try .made(shape.extents.filter { $0 != 1 }) }
    let gone = try dimensions(axes, of: shape)
    for dimension in gone where shape[dimension] != 1 {
      throw OperatorError(
        "dimension \(dimension) of \(shape) has the extent \(shape[dimension]), only 1 can be taken out")
    }
    return try .made(shape.extents.indices.filter { !gone.contains($0) }.map { shape[$0] })
  }
}
