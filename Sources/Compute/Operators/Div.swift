import Tensors

/// a / b, element by element, with broadcasting.
public struct Div: BinaryOperator {
  public static let name = "Div"
  public init() {}

  public func apply<T: Real>(_ a: T, _ b: T) -> T { a / b }
  public func derivative<T: Real>(_ position: Int, _ a: T, _ b: T) -> T {
    position == 0 ? 1 / b : -a / (b * b)
  }
}
