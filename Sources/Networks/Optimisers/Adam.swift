import Basics

/// Steps scaled by running means of the gradient and of its square (Kingma and Ba 2015, algorithm 1); the same
/// numbers as PyTorch's `Adam`.
public struct Adam: Optimiser {
  public static let declaration = Declaration(
    name: "adam", summary: "running means of gradient and square (Kingma and Ba 2015)", keys: Moments.keys)
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

  public func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>,
    slots: [UnsafeMutableBufferPointer<Float>], rate: Double, decay: Double, step: Int
  ) {
    unsafe moments.update(parameter, gradient, slots, rate: rate, shrink: 1, decay: decay, step: step)
  }
}
