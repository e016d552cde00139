import Basics

/// Along a running sum of the gradients (Polyak 1964), v = momentum v + (1 - dampening) g, p -= rate v; the same
/// numbers as PyTorch's `SGD(momentum:dampening:)`, where the first v is g.
public struct Momentum: Optimiser {
  public static let declaration = Declaration(
    name: "momentum", summary: "along a running sum of the gradients (Polyak 1964)",
    keys: [
      Key("momentum", .number, default: "0.9", "memory of the sum"),
      Key("dampening", .number, default: "0", "how much less each gradient counts"),
    ])
  public let momentum: Double
  public let dampening: Double

  public init(_ momentum: Double = 0.9, dampening: Double = 0) {
    (self.momentum, self.dampening) = (momentum, dampening)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    momentum = try arguments.number("momentum", or: 0.9, .fraction)
    dampening = try arguments.number("dampening", or: 0, .unit)
  }
  public var keys: [(String, ConfigValue)] {
    changed(("momentum", momentum, 0.9), ("dampening", dampening, 0))
  }

  public var slots: [String] { ["momentum_buffer"] }
  public var defaultRate: Double { 1e-2 }

  public func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>,
    slots: [UnsafeMutableBufferPointer<Float>], rate: Double, decay: Double, step: Int
  ) {
    guard slots.count == 1 else { return }
    let (rate, decay) = (Float(rate), Float(decay))
    let (keep, take) = step == 1 ? (0, 1) : (Float(momentum), Float(1 - dampening))
    let v = unsafe slots[0]
    for i in parameter.indices {
      let g = unsafe gradient[i] + decay * parameter[i]
      unsafe v[i] = keep * v[i] + take * g
      unsafe parameter[i] -= rate * v[i]
    }
  }
}
