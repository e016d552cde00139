import Basics

/// How the learning rate changes. One file each in `Schedules/`. A schedule is a function of the step and of the
/// validation losses so far alone: training that goes on from a file finds the same rates.
public protocol Schedule: Configured {
  /// What the base rate is multiplied with.
  /// - Parameters:
  ///   - step: from 0, of `total` steps.
  ///   - validation: the validation losses so far, oldest first, with the step after which each was found.
  func factor(step: Int, total: Int, validation: [(step: Int, loss: Double)]) -> Double
}

/// A number of steps as it is declared: a whole number of 1 or more, or, below 1, the share of all steps.
struct Steps: Sendable, Hashable {
  let number: Double
  init(_ number: Double) { self.number = number }

  static let range = NumberRange(text: "1 or more steps, or a share of all steps below 1") {
    $0 > 0 && ($0 < 1 || $0 == $0.rounded()) && $0 < 1e15
  }

  func count(of total: Int) -> Int {
    let count = number < 1 ? (number * Double(max(0, total))).rounded() : number
    return Int(exactly: count) ?? 0
  }
}
