import Basics

/// Adam whose weight decay acts on the parameter and not through the gradient (Loshchilov and Hutter 2019,
/// algorithm 2); the same numbers as PyTorch's `AdamW`.
public struct AdamW: Optimiser {
  public static let declaration = Declaration(
    name: "adamw", summary: "Adam with decoupled weight decay (Loshchilov and Hutter 2019)",
    keys: Moments.keys)
  private var moments = Moments()
  public var beta1: Double { moments.beta1 }
  public var beta2: Double { moments.beta2 }
  public var epsilon: Double { moments.epsilon }

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    (moments.beta1, moments.beta2, moments.epsilon) = (beta1, beta2, epsilon)
  }
  public init(_ arguments: Arguments) throws(PlanError) { moments = try Moments(arguments) }
  public var keys: [(String, ConfigValue)] {
    changed(("beta1", beta1, 0.9), ("beta2", beta2, 0.999), ("epsilon", epsilon, 1e-8))
  }

  public var slots: [String] { Moments.slots }
  public var defaultRate: Double { 1e-3 }
  public var defaultDecay: Double { 0.01 }
  public var decouplesDecay: Bool { true }

  public func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>,
    slots: [UnsafeMutableBufferPointer<Float>], rate: Double, decay: Double, step: Int
  ) {
    unsafe moments.update(
      parameter, gradient, slots, rate: rate, shrink: 1 - rate * decay, decay: 0, step: step)
  }
}
