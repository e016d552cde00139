import Tensors

/// x tanh(softplus(x)) (Misra 2019).
public struct Mish: UnaryOperator {
  public static let name = "Mish"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { x * T.tanh(Softplus().apply(x)) }
  public func derivative<T: Real>(_ x: T) -> T {
    let t = T.tanh(Softplus().apply(x))
    return t + x * (1 - t * t) / (1 + T.exp(-x))
  }
}
