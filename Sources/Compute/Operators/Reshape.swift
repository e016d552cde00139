import Tensors

/// Another shape for the same numbers, as in ONNX: 0 keeps the extent of that dimension, one -1 is reckoned from
/// the others.
public struct Reshape: ReshapingOperator {
  public static let name = "Reshape"
  public let extents: [Int]
  /// 0 is an extent of 0, not "keep".
  public let allowsZero: Bool
  public init(_ extents: [Int], allowsZero: Bool = false) {
    (self.extents, self.allowsZero) = (extents, allowsZero)
  }
  public init(to shape: Shape) { self.init(shape.extents, allowsZero: true) }
  public var detail: String { "[" + extents.map(String.init).joined(separator: " x ") + "]" }

  public func target(_ shape: Shape) throws(OperatorError) -> Shape {
    var found = extents
    var open: Int?
    for (dimension, extent) in extents.enumerated() {
      if extent == 0, !allowsZero {
        guard dimension < shape.rank else {
          throw OperatorError("\(detail) keeps the extent of dimension \(dimension), which \(shape) has not")
        }
        found[dimension] = shape[dimension]
      } else if extent == -1 {
        guard open == nil else { throw OperatorError("\(detail) leaves more than one extent open") }
        (open, found[dimension]) = (dimension, 1)
      }
    }
    guard let open else { return try .made(found) }
    let others = try Shape.made(found).count
    guard others > 0, shape.count % others == 0 else {
      throw OperatorError("\(shape) with \(shape.count) elements cannot become \(detail)")
    }
    found[open] = shape.count / others
    return try .made(found)
  }
}
