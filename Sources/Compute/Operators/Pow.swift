import Tensors

/// a to the power of b, element by element, with broadcasting. The derivative by b where a is 0 is 0, as in
/// PyTorch; NaN of a negative a and a broken b.
public struct Pow: BinaryOperator {
  public static let name = "Pow"
  public static var grain: Int { Grain.dear }
  public init() {}

  public func apply<T: Real>(_ a: T, _ b: T) -> T { T.pow(a, b) }
  public func derivative<T: Real>(_ position: Int, _ a: T, _ b: T) -> T {
    position == 0
      ? (b == 0 ? 0 : b * T.pow(a, b - 1))
      : (a == 0 && b >= 0 ? 0 : T.pow(a, b) * T.log(a))
  }
}
