import Tensors

/// The natural logarithm: -infinity of 0, NaN of negative numbers.
public struct Log: UnaryOperator {
  public static let name = "Log"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.log(x) }
  public func derivative<T: Real>(_ x: T) -> T { 1 / x }
}
