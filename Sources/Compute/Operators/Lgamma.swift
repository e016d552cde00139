import Tensors

/// The logarithm of the absolute value of the gamma function. ONNX has none.
public struct Lgamma: UnaryOperator {
  public static let name = "Lgamma"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.lgamma(x) }
  public func derivative<T: Real>(_ x: T) -> T { T(digamma(Double(x))) }
}
