import Tensors

/// x where it is above alpha, else 0.
public struct ThresholdedRelu: UnaryOperator {
  public static let name = "ThresholdedRelu"
  public static var grain: Int { Grain.cheap }
  public let alpha: Double
  public var detail: String { "alpha \(alpha)" }
  public init(alpha: Double = 1) {
    self.alpha = alpha
  }

  public func apply<T: Real>(_ x: T) -> T { x > T(alpha) ? x : 0 }
  public func derivative<T: Real>(_ x: T) -> T { x > T(alpha) ? 1 : 0 }
}
