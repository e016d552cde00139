import Basics

/// Rises along a line to the base rate, then hands over to another schedule, whose step 0 is the first with the
/// whole rate; PyTorch's `LinearLR` followed by another in `SequentialLR`.
public struct WarmUp: Schedule {
  public static let declaration = Declaration(
    name: "warm-up", summary: "rises to the base rate, then another schedule",
    keys: [
      Key("steps", .number, required: true, "how long, or the share of all steps when below 1"),
      Key("from", .number, default: "0.1", "the first rate, as a share of the base rate"),
      Key(
        "then", .other("a schedule: a name, or a mapping with one name and its keys"), default: "constant",
        "what follows"),
    ])
  private let steps: Steps
  public let from: Double
  public let then: any Schedule

  public init(steps: Int, from: Double = 0.1, then: any Schedule = Steady()) {
    (self.steps, self.from, self.then) = (Steps(Double(max(1, steps))), from, then)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    steps = Steps(try arguments.number("steps", or: 1, Steps.range))
    from = try arguments.number("from", or: 0.1, .unit)
    guard let value = arguments.value("then") else {
      then = Steady()
      return
    }
    let decoding = Decoding()
    guard let schedule = decoding.schedule(value) else {
      throw decoding.faults.first ?? PlanError("`then` is no schedule", at: value.mark)
    }
    then = schedule
  }
  public var keys: [(String, ConfigValue)] {
    [("steps", .number(steps.number))] + changed(("from", from, 0.1))
      + (then is Steady ? [] : [("then", then.configuration)])
  }

  public func factor(step: Int, total: Int, validation: [(step: Int, loss: Double)]) -> Double {
    let end = steps.count(of: total)
    guard step >= end else { return from + (1 - from) * Double(step) / Double(end) }
    return then.factor(
      step: step - end, total: total - end,
      validation: validation.compactMap { $0.step >= end ? (step: $0.step - end, loss: $0.loss) : nil })
  }
}
