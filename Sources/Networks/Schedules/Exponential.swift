import Basics
import Compute

/// Multiplies the rate by the same factor in equal times, smoothly; PyTorch's `ExponentialLR` with `every: 1`.
public struct Exponential: Schedule {
  public static let declaration = Declaration(
    name: "exponential", summary: "the rate falls by the same factor in equal times",
    keys: [
      Key("factor", .number, required: true, "what the rate is multiplied with"),
      Key("every", .number, default: "1", "in how many steps, or which share of all steps when below 1"),
    ])
  public let factor: Double
  private let every: Steps

  public init(factor: Double, every steps: Int = 1) {
    (self.factor, every) = (factor, Steps(Double(max(1, steps))))
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    factor = try arguments.number("factor", or: 1, .positive)
    every = Steps(try arguments.number("every", or: 1, Steps.range))
  }
  public var keys: [(String, ConfigValue)] {
    [("factor", .number(factor))] + changed(("every", every.number, 1))
  }

  public func factor(step: Int, total: Int, validation: [(step: Int, loss: Double)]) -> Double {
    Double.pow(factor, Double(step) / Double(max(1, every.count(of: total))))
  }
}
