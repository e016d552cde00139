import Basics

/// Multiplies the rate by a factor every so many steps, or at given steps; PyTorch's `StepLR` and `MultiStepLR`.
public struct StepDecay: Schedule {
  public static let declaration = Declaration(
    name: "step", summary: "multiplies the rate every so many steps, or at given steps",
    keys: [
      Key("every", .number, "steps, or the share of all steps when below 1"),
      Key("at", .list(.number), "steps, or shares of all steps, instead of `every`"),
      Key("factor", .number, default: "0.1", "what the rate is multiplied with each time"),
    ])
  private let every: Steps?
  private let places: [Steps]
  public let factor: Double

  public init(every steps: Int, factor: Double = 0.1) {
    (every, places, self.factor) = (Steps(Double(max(1, steps))), [], factor)
  }
  public init(at steps: [Int], factor: Double = 0.1) {
    (every, places, self.factor) = (nil, steps.map { Steps(Double($0)) }, factor)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    factor = try arguments.number("factor", or: 0.1, .positive)
    places = try arguments.numbers("at", Steps.range)?.map(Steps.init) ?? []
    if arguments.value("every") != nil {
      every = Steps(try arguments.number("every", or: 1, Steps.range))
    } else {
      every = nil
    }
    guard (every == nil) != places.isEmpty else {
      throw PlanError("`step` needs either `every` or `at`", at: arguments.mark)
    }
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    if let every { keys.append(("every", .number(every.number))) }
    if !places.isEmpty { keys.append(("at", .list(places.map { .number($0.number) }))) }
    return keys + changed(("factor", factor, 0.1))
  }

  public func factor(step: Int, total: Int, validation: [(step: Int, loss: Double)]) -> Double {
    let times =
      if let every {
        step / max(1, every.count(of: total))
      } else {
        places.count { step >= $0.count(of: total) }
      }
    return power(factor, times)
  }
}
