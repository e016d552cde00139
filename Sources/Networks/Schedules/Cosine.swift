import Basics
import Compute

/// Falls along half a cosine from the base rate to a minimum (Loshchilov and Hutter 2017, formula 5), and stays
/// there; PyTorch's `CosineAnnealingLR` up to its end.
public struct Cosine: Schedule {
  public static let declaration = Declaration(
    name: "cosine", summary: "falls along half a cosine (Loshchilov and Hutter 2017)",
    keys: [
      Key("minimum", .number, default: "0", "the last rate, as a share of the first"),
      Key("steps", .number, default: "all", "how long it falls, or the share of all steps when below 1"),
    ])
  public let minimum: Double
  private let steps: Steps?

  public init(minimum: Double = 0, steps: Int? = nil) {
    (self.minimum, self.steps) = (minimum, steps.map { Steps(Double($0)) })
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    minimum = try arguments.number("minimum", or: 0, .unit)
    steps =
      arguments.value("steps") == nil ? nil : Steps(try arguments.number("steps", or: 1, Steps.range))
  }
  public var keys: [(String, ConfigValue)] {
    changed(("minimum", minimum, 0)) + (steps.map { [("steps", .number($0.number))] } ?? [])
  }

  public func factor(step: Int, total: Int, validation: [(step: Int, loss: Double)]) -> Double {
    let end = max(1, steps?.count(of: total) ?? total)
    let share = min(1, Double(step) / Double(end))
    return minimum + (1 - minimum) * (1 + Double.cos(.pi * share)) / 2
  }
}
