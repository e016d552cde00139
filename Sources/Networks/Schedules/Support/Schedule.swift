import Basics

/// How the learning rate changes. One file each in `Schedules/`.
public protocol Schedule: Configured {
  /// What the base rate is multiplied with.
  /// - Parameters:
  ///   - step: from 0, of `total` steps.
  ///   - validation: the validation losses so far, oldest first, with the step after which each was found.
  func factor(step: Int, total: Int, validation: [(step: Int, loss: Double)]) -> Double
}
