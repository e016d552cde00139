import Basics

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
    let (b1, b2) = (Float(beta1), Float(beta2))
    let (c1, c2) = (Float(1 - beta1), Float(1 - beta2))
    let size = Float(rate / (1 - power(beta1, step)))
    let root = Float((1 - power(beta2, step)).squareRoot())
    let (decay, shrink, epsilon) = (Float(decay), Float(shrink), Float(epsilon))
    let (m, v) = unsafe (slots[0], slots[1])
    for i in parameter.indices {
      let p = unsafe parameter[i] * shrink
      let g = unsafe gradient[i] + decay * parameter[i]
      unsafe m[i] = b1 * m[i] + c1 * g
      unsafe v[i] = b2 * v[i] + c2 * g * g
      unsafe parameter[i] = p - size * m[i] / (v[i].squareRoot() / root + epsilon)
    }
  }
}
