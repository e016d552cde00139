import Tensors

/// The sine of x in radians.
public struct Sin: UnaryOperator {
  public static let name = "Sin"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.sin(x) }
  public func derivative<T: Real>(_ x: T) -> T { T.cos(x) }
}
