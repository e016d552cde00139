import Tensors

/// alpha x + beta held between 0 and 1. PyTorch's has alpha 1/6, ONNX's default is 0.2.
public struct HardSigmoid: UnaryOperator {
  public static let name = "HardSigmoid"
  public static var grain: Int { Grain.cheap }
  public let alpha: Double
  public let beta: Double
  public var detail: String { "alpha \(alpha), beta \(beta)" }
  public init(alpha: Double = 0.2, beta: Double = 0.5) {
    (self.alpha, self.beta) = (alpha, beta)
  }

  public func apply<T: Real>(_ x: T) -> T { min(max(T(alpha) * x + T(beta), 0), 1) }
  public func derivative<T: Real>(_ x: T) -> T {
    let line = T(alpha) * x + T(beta)
    return line > 0 && line < 1 ? T(alpha) : 0
  }
}
