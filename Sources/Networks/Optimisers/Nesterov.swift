import Basics

/// Momentum that looks ahead (Nesterov 1983; Sutskever et al. 2013): v = momentum v + g,
/// p -= rate (g + momentum v); the same numbers as PyTorch's `SGD(nesterov=True)`.
public struct Nesterov: Optimiser {
  public static let declaration = Declaration(
    name: "nesterov", summary: "momentum that looks ahead (Nesterov 1983)",
    keys: [Key("momentum", .number, default: "0.9", "memory of the sum of gradients")])
  public let momentum: Double

  public init(_ momentum: Double = 0.9) { self.momentum = momentum }
  public init(_ arguments: Arguments) throws(PlanError) {
    momentum = try arguments.number("momentum", or: 0.9, .fraction)
  }
  public var keys: [(String, ConfigValue)] { changed(("momentum", momentum, 0.9)) }

  public var slots: [String] { ["momentum_buffer"] }
  public var defaultRate: Double { 1e-2 }

  public func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>,
    slots: [UnsafeMutableBufferPointer<Float>], rate: Double, decay: Double, step: Int
  ) {
    guard slots.count == 1 else { return }
    let (rate, decay, momentum) = (Float(rate), Float(decay), Float(momentum))
    let v = unsafe slots[0]
    for i in parameter.indices {
      let g = unsafe gradient[i] + decay * parameter[i]
      unsafe v[i] = momentum * v[i] + g
      unsafe parameter[i] -= rate * (g + momentum * v[i])
    }
  }
}
