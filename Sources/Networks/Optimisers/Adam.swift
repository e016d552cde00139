import Basics

/// Steps scaled by running means of the gradient and of its square (Kingma and Ba 2015, algorithm 1); the same
/// numbers as PyTorch's `Adam`.
public struct Adam: Optimiser {
  public static let declaration = Declaration(
    name: "adam", summary: "running means of gradient and square (Kingma and Ba 2015)",
    keys: [
      Key("beta1", .number, default: "0.9", "memory of the gradient"),
      Key("beta2", .number, default: "0.999", "memory of its square"),
      Key("epsilon", .number, default: "1e-8", "added to the root of the square"),
    ])
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8

  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {
    beta1 = arguments.number("beta1") ?? beta1
    beta2 = arguments.number("beta2") ?? beta2
    epsilon = arguments.number("epsilon") ?? epsilon
    for (key, value) in [("beta1", beta1), ("beta2", beta2)] where !(0..<1).contains(value) {
      throw PlanError("`\(key)` must be at least 0 and below 1, found \(value)", at: arguments.mark(key))
    }
    if !(epsilon > 0) {
      throw PlanError("`epsilon` must be above 0, found \(epsilon)", at: arguments.mark("epsilon"))
    }
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    if beta1 != 0.9 { keys.append(("beta1", .number(beta1))) }
    if beta2 != 0.999 { keys.append(("beta2", .number(beta2))) }
    if epsilon != 1e-8 { keys.append(("epsilon", .number(epsilon))) }
    return keys
  }

  public var slots: [String] { ["exp_avg", "exp_avg_sq"] }
  public var defaultRate: Double { 1e-3 }

  public func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>,
    slots: [UnsafeMutableBufferPointer<Float>], rate: Double, decay: Double, step: Int
  ) {
    let (b1, b2) = (Float(beta1), Float(beta2))
    let (c1, c2) = (Float(1 - beta1), Float(1 - beta2))
    let correction1 = 1 - power(beta1, step)
    let correction2 = (1 - power(beta2, step)).squareRoot()
    let size = Float(rate / correction1)
    let root = Float(correction2)
    let (decay, epsilon) = (Float(decay), Float(epsilon))
    let (m, v) = unsafe (slots[0], slots[1])
    for i in parameter.indices {
      let g = unsafe gradient[i] + decay * parameter[i]
      unsafe m[i] = b1 * m[i] + c1 * g
      unsafe v[i] = b2 * v[i] + c2 * g * g
      unsafe parameter[i] -= size * m[i] / (v[i].squareRoot() / root + epsilon)
    }
  }
}

/// base to a whole power, by squaring.
func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, base, exponent) = (1.0, base, max(0, exponent))
  while exponent > 0 {
    if exponent & 1 == 1 { result *= base }
    base *= base
    exponent >>= 1
  }
  return result
}
