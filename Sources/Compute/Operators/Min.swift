import Tensors

/// The smaller of a and b, element by element, with broadcasting. NaN when one is NaN. Between equal numbers the
/// gradient is shared, as in PyTorch's `minimum`.
public struct Min: BinaryOperator {
  public static let name = "Min"
  public init() {}

  public func apply<T: Real>(_ a: T, _ b: T) -> T { a < b || a.isNaN ? a : b }
  public func derivative<T: Real>(_ position: Int, _ a: T, _ b: T) -> T {
    position == 0
      ? (a < b ? 1 : (a == b ? T(0.5) : 0))
      : (b < a ? 1 : (a == b ? T(0.5) : 0))
  }
}
