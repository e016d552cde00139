import Basics
import Tensors

/// Steps divided by the root of the sum of all squares so far (Duchi, Hazan and Singer 2011); the same numbers as
/// PyTorch's `Adagrad`.
public struct AdaGrad: Optimiser {
  public static let declaration = Declaration(
    name: "adagrad", summary: "divides by the root of the sum of squares (Duchi et al. 2011)",
    keys: [
      Key("rate-decay", .number, default: "0", "the rate is divided by 1 + (steps before) x this"),
      Key("initial", .number, default: "0", "what the sum of squares begins with"),
      Key("epsilon", .number, default: "1e-10", "added to the root"),
    ])
  public let rateDecay: Double
  public let initial: Double
  public let epsilon: Double

  public init(rateDecay: Double = 0, initial: Double = 0, epsilon: Double = 1e-10) {
    (self.rateDecay, self.initial, self.epsilon) = (rateDecay, initial, epsilon)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    rateDecay = try arguments.number("rate-decay", or: 0, .notNegative)
    initial = try arguments.number("initial", or: 0, .notNegative)
    epsilon = try arguments.number("epsilon", or: 1e-10, .positive)
  }
  public var keys: [(String, ConfigValue)] {
    changed(("rate-decay", rateDecay, 0), ("initial", initial, 0), ("epsilon", epsilon, 1e-10))
  }

  public var slots: [String] { ["sum"] }
  public func initialState(_ slot: String) -> Float { Float(initial) }
  public var defaultRate: Double { 1e-2 }

  public func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>,
    slots: [UnsafeMutableBufferPointer<Float>], rate: Double, decay: Double, step: Int
  ) {
    guard slots.count == 1 else { return }
    unsafe OptimiserSteps.adaGrad(
      [parameter] + slots, gradient, rate: rate / (1 + Double(step - 1) * rateDecay), decay: decay,
      epsilon: epsilon)
  }
}
