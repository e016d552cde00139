import Basics
import Tensors

/// Steps in the units of the parameter: running root mean square of the steps over that of the gradients (Zeiler
/// 2012); the same numbers as PyTorch's `Adadelta`.
public struct AdaDelta: Optimiser {
  public static let declaration = Declaration(
    name: "adadelta", summary: "running squares of steps and gradients (Zeiler 2012)",
    keys: [
      Key("rho", .number, default: "0.9", "memory of the squares"),
      Key("epsilon", .number, default: "1e-6", "added under the roots"),
    ])
  public let rho: Double
  public let epsilon: Double

  public init(rho: Double = 0.9, epsilon: Double = 1e-6) { (self.rho, self.epsilon) = (rho, epsilon) }
  public init(_ arguments: Arguments) throws(PlanError) {
    rho = try arguments.number("rho", or: 0.9, .fraction)
    epsilon = try arguments.number("epsilon", or: 1e-6, .positive)
  }
  public var keys: [(String, ConfigValue)] { changed(("rho", rho, 0.9), ("epsilon", epsilon, 1e-6)) }

  public var slots: [String] { ["square_avg", "acc_delta"] }
  public var defaultRate: Double { 1 }

  public func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>,
    slots: [UnsafeMutableBufferPointer<Float>], rate: Double, decay: Double, step: Int
  ) {
    guard slots.count == 2 else { return }
    unsafe OptimiserSteps.adaDelta(
      [parameter] + slots, gradient, rate: rate, decay: decay, rho: rho, epsilon: epsilon)
  }
}
