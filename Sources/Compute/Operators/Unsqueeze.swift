import Tensors

/// Puts in dimensions of extent 1: `axes` are their places in the result.
public struct Unsqueeze: ReshapingOperator {
  public static let name = "Unsqueeze"
  public let axes: [Int]
  public init(axes: [Int]) { self.axes = axes }
  public var detail: String { "axes \(axes)" }

  public func target(_ shape: Shape) throws(OperatorError) -> Shape {
    let result = try Shape.made([Int](repeating: 1, count: shape.rank + axes.count))
    let new = try dimensions(axes, of: result)
    var extents = result.extents
    var next = 0
    for dimension in extents.indices where !new.contains(dimension) {
      extents[dimension] = shape[next]
      next += 1
    }
    return try .made(extents)
  }
}
