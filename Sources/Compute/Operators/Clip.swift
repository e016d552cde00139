import Tensors

/// x held between two limits; the derivative is 1 on the limits, as in PyTorch's `clamp`. NaN stays.
public struct Clip: UnaryOperator {
  public static let name = "Clip"
  public static var grain: Int { Grain.cheap }
  public let low: Double
  public let high: Double
  public var detail: String { "\(low) to \(high)" }
  public init(low: Double = -.infinity, high: Double = .infinity) {
    (self.low, self.high) = (low, high)
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    guard low <= high else { throw OperatorError("the lower limit \(low) is above the upper limit \(high)") }
    return [inputs[0]]
  }

  public func apply<T: Real>(_ x: T) -> T { min(max(x, T(low)), T(high)) }
  public func derivative<T: Real>(_ x: T) -> T { x >= T(low) && x <= T(high) ? 1 : 0 }
}
