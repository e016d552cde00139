import Tensors

/// The cosine of x in radians.
public struct Cos: UnaryOperator {
  public static let name = "Cos"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.cos(x) }
  public func derivative<T: Real>(_ x: T) -> T { -T.sin(x) }
}
