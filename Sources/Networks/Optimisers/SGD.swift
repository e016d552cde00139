import Basics

/// Against the gradient, by the rate; PyTorch's `SGD` without momentum.
public struct SGD: Optimiser {
  public static let declaration = Declaration(
    name: "sgd", summary: "against the gradient, by the rate", keys: [])
  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public var slots: [String] { [] }
  public var defaultRate: Double { 1e-2 }

  public func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>,
    slots: [UnsafeMutableBufferPointer<Float>], rate: Double, decay: Double, step: Int
  ) {
    let (rate, decay) = (Float(rate), Float(decay))
    for i in parameter.indices {
      unsafe parameter[i] -= rate * (gradient[i] + decay * parameter[i])
    }
  }
}
