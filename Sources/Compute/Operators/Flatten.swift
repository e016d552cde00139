import Tensors

/// Joins the dimensions before `axis` and those from it on: always rank 2, as in ONNX.
public struct Flatten: ReshapingOperator {
  public static let name = "Flatten"
  public let axis: Int
  public init(axis: Int = 1) { self.axis = axis }
  public var detail: String { "axis \(axis)" }

  public func target(_ shape: Shape) throws(OperatorError) -> Shape {
    guard axis >= -shape.rank, axis <= shape.rank else {
      throw OperatorError("there is no axis \(axis) in \(shape)")
    }
    let axis = axis < 0 ? axis + shape.rank : axis
    return try .made([shape.extents[..<axis].reduce(1, *), shape.extents[axis...].reduce(1, *)])
  }
}
