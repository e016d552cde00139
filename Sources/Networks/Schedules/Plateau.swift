import Basics

/// Multiplies the rate by a factor when the validation loss has not fallen for a while; PyTorch's
/// `ReduceLROnPlateau`. A loss that is not a number is no better one.
public struct Plateau: Schedule {
  public static let declaration = Declaration(
    name: "plateau", summary: "lowers the rate when the validation loss no longer falls",
    keys: [
      Key("factor", .number, default: "0.1", "what the rate is multiplied with"),
      Key("patience", .integer, default: "10", "validations without a better loss that are borne"),
      Key("threshold", .number, default: "1e-4", "the share by which a loss must be below the best"),
      Key("cooldown", .integer, default: "0", "validations after a change that do not count"),
      Key("minimum", .number, default: "0", "the least rate, as a share of the base rate"),
    ])
  public let factor: Double
  public let patience: Int
  public let threshold: Double
  public let cooldown: Int
  public let minimum: Double

  public init(
    factor: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4, cooldown: Int = 0, minimum: Double = 0
  ) {
    (self.factor, self.patience, self.threshold) = (factor, patience, threshold)
    (self.cooldown, self.minimum) = (cooldown, minimum)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    factor = try arguments.number(
      "factor", or: 0.1, NumberRange(text: "above 0 and below 1") { $0 > 0 && $0 < 1 })
    threshold = try arguments.number("threshold", or: 1e-4, .fraction)
    minimum = try arguments.number("minimum", or: 0, .unit)
    patience = arguments.integer("patience") ?? 10
    cooldown = arguments.integer("cooldown") ?? 0
    for (key, count) in [("patience", patience), ("cooldown", cooldown)] where count < 0 {
      throw PlanError("`\(key)` must be at least 0, found \(count)", at: arguments.mark(key))
    }
  }
  public var keys: [(String, ConfigValue)] {
    changed(
      ("factor", factor, 0.1), ("patience", Double(patience), 10), ("threshold", threshold, 1e-4),
      ("cooldown", Double(cooldown), 0), ("minimum", minimum, 0))
  }

  public func factor(step: Int, total: Int, validation: [(step: Int, loss: Double)]) -> Double {
    var (rate, best, bad, rest) = (1.0, Double.infinity, 0, 0)
    for (_, loss) in validation {
      if loss < best * (1 - threshold) {
        (best, bad) = (loss, 0)
      } else {
        bad += 1
      }
      if rest > 0 { (rest, bad) = (rest - 1, 0) }
      if bad > patience {
        rate = max(rate * factor, minimum)
        (rest, bad) = (cooldown, 0)
      }
    }
    return rate
  }
}
