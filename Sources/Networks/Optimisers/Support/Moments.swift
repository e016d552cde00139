import Basics
import Tensors

/// What Adam and AdamW have in common.
struct Moments: Sendable {
  var beta1 = 0.9
  var beta2 = 0.999
  var epsilon = 1e-8

  static let slots = ["exp_avg", "exp_avg_sq"]
  static let keys = [
    Key("beta1", .number, default: "0.9", "memory of the gradient"),
    Key("beta2", .number, default: "0.999", "memory of its square"),
    Key("epsilon", .number, default: "1e-8", "added to the root of the square"),
  ]

  init() {}
  init(_ arguments: Arguments) throws(PlanError) {
    beta1 = try arguments.number("beta1", or: beta1, .fraction)
    beta2 = try arguments.number("beta2", or: beta2, .fraction)
    epsilon = try arguments.number("epsilon", or: epsilon, .positive)
  }

  /// Kingma and Ba 2015, algorithm 1.
  /// - Parameters:
  ///   - shrink: what the parameter is multiplied with first.
  ///   - decay: times the parameter is added to the gradient.
  func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, _ gradient: UnsafeBufferPointer<Float>,
    _ slots: [UnsafeMutableBufferPointer<Float>], rate: Double, shrink: Double, decay: Double, step: Int
  ) {
    guard slots.count == 2 else { return }
    unsafe OptimiserSteps.adam(
      [parameter] + slots, gradient, beta1: beta1, beta2: beta2, size: rate / (1 - power(beta1, step)),
      root: (1 - power(beta2, step)).squareRoot(), shrink: shrink, decay: decay, epsilon: epsilon)
  }
}
