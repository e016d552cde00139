import Tensors

/// The hyperbolic tangent.
public struct Tanh: UnaryOperator {
  public static let name = "Tanh"
  public var differentiatesResult: Bool { true }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.tanh(x) }
  public func derivative<T: Real>(_ y: T) -> T { 1 - y * y }
}
