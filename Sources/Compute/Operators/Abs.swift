import Tensors

/// The absolute value; its derivative at 0 is taken as 0.
public struct Abs: UnaryOperator {
  public static let name = "Abs"
  public static var grain: Int { Grain.cheap }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { abs(x) }
  public func derivative<T: Real>(_ x: T) -> T { x > 0 ? 1 : (x < 0 ? -1 : 0) }
}
