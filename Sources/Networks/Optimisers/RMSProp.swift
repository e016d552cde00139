import Basics
import Tensors

/// Steps divided by the running root mean square of the gradient (Hinton 2012, lecture 6e), if wanted with its
/// mean taken out (Graves 2013) and with momentum; the same numbers as PyTorch's `RMSprop`, which adds epsilon
/// to the root, not under it.
public struct RMSProp: Optimiser {
  public static let declaration = Declaration(
    name: "rmsprop", summary: "divides by the running root mean square (Hinton 2012)",
    keys: [
      Key("alpha", .number, default: "0.99", "memory of the square"),
      Key("epsilon", .number, default: "1e-8", "added to the root"),
      Key("momentum", .number, default: "0", "memory of the steps"),
      Key("centred", .boolean, default: "false", "the variance instead of the square (Graves 2013)"),
    ])
  public let alpha: Double
  public let epsilon: Double
  public let momentum: Double
  public let isCentred: Bool

  public init(alpha: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0, isCentred: Bool = false) {
    (self.alpha, self.epsilon, self.momentum, self.isCentred) = (alpha, epsilon, momentum, isCentred)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    alpha = try arguments.number("alpha", or: 0.99, .fraction)
    epsilon = try arguments.number("epsilon", or: 1e-8, .positive)
    momentum = try arguments.number("momentum", or: 0, .fraction)
    isCentred = arguments.boolean("centred") ?? false
  }
  public var keys: [(String, ConfigValue)] {
    changed(("alpha", alpha, 0.99), ("epsilon", epsilon, 1e-8), ("momentum", momentum, 0))
      + (isCentred ? [("centred", .boolean(true))] : [])
  }

  public var slots: [String] {
    ["square_avg"] + (momentum > 0 ? ["momentum_buffer"] : []) + (isCentred ? ["grad_avg"] : [])
  }
  public var defaultRate: Double { 1e-2 }

  public func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>,
    slots: [UnsafeMutableBufferPointer<Float>], rate: Double, decay: Double, step: Int
  ) {
    guard slots.count == self.slots.count else { return }
    unsafe OptimiserSteps.rmsProp(
      [parameter] + slots, gradient, rate: rate, decay: decay, alpha: alpha, momentum: momentum,
      isCentred: isCentred, epsilon: epsilon)
  }
}
