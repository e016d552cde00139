import Basics
import Compute

/// Rises to the base rate along half a cosine, then falls far below where it began (Smith and Topin 2018);
/// PyTorch's `OneCycleLR` with cosines and two phases.
public struct OneCycle: Schedule {
  public static let declaration = Declaration(
    name: "one-cycle", summary: "up to the base rate and down to nearly nothing (Smith and Topin 2018)",
    keys: [
      Key("rise", .number, default: "0.3", "the share of the steps in which it rises"),
      Key("first", .number, default: "0.04", "the first rate, as a share of the base rate"),
      Key("last", .number, default: "4e-6", "the last rate, as a share of the base rate"),
    ])
  public let rise: Double
  public let first: Double
  public let last: Double

  public init(rise: Double = 0.3, first: Double = 0.04, last: Double = 4e-6) {
    (self.rise, self.first, self.last) = (rise, first, last)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    rise = try arguments.number("rise", or: 0.3, .unit)
    first = try arguments.number("first", or: 0.04, .unit)
    last = try arguments.number("last", or: 4e-6, .unit)
  }
  public var keys: [(String, ConfigValue)] {
    changed(("rise", rise, 0.3), ("first", first, 0.04), ("last", last, 4e-6))
  }

  public func factor(step: Int, total: Int, validation: [(step: Int, loss: Double)]) -> Double {
    let (peak, end, step) = (rise * Double(total) - 1, Double(total - 1), Double(step))
    func between(_ a: Double, _ b: Double, _ share: Double) -> Double {
      b + (a - b) * (1 + Double.cos(.pi * min(1, max(0, share)))) / 2
    }
    if step <= peak, peak > 0 { return between(first, 1, step / peak) }
    return end > peak ? between(1, last, (step - max(0, peak)) / (end - max(0, peak))) : last
  }
}
