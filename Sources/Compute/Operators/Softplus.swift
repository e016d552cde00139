import Tensors

/// log(1 + exp(x)), in a form that does not overflow.
public struct Softplus: UnaryOperator {
  public static let name = "Softplus"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { max(x, 0) + T.log1p(T.exp(-abs(x))) }
  public func derivative<T: Real>(_ x: T) -> T { 1 / (1 + T.exp(-x)) }
}
