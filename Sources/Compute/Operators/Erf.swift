import Tensors

/// The error function.
public struct Erf: UnaryOperator {
  public static let name = "Erf"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.erf(x) }
  public func derivative<T: Real>(_ x: T) -> T { T(1.1283791670955126) * T.exp(-x * x) }
}
