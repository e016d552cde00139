import Tensors

/// x sigmoid(beta x) (Ramachandran and others 2017); beta 1 is PyTorch's SiLU.
public struct Swish: UnaryOperator {
  public static let name = "Swish"
  /// `alpha` in ONNX.
  public let beta: Double
  public var detail: String { "beta \(beta)" }
  public init(beta: Double = 1) {
    self.beta = beta
  }

  public func apply<T: Real>(_ x: T) -> T { x / (1 + T.exp(-T(beta) * x)) }
  public func derivative<T: Real>(_ x: T) -> T {
    let s = 1 / (1 + T.exp(-T(beta) * x))
    return s + T(beta) * x * s * (1 - s)
  }
}
