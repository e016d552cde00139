import Kernels

/// Steps of optimisers over rows of numbers of one length that do not overlap; formulas in Networks/Optimisers.
package enum OptimiserSteps {
  package typealias Row = UnsafeMutableBufferPointer<Float>

  /// The rows' beginnings; nil when there is nothing to do.
  private static func heads(_ rows: [Row], _ gradient: UnsafeBufferPointer<Float>) -> (
    [UnsafeMutablePointer<Float>], UnsafePointer<Float>
  )? {
    let count = unsafe rows.first?.count ?? 0
    precondition(
      unsafe gradient.count == count && rows.allSatisfy { $0.count == count },
      "the rows of an optimiser have one length")
    guard count > 0, let slope = gradient.baseAddress else { return nil }
    let heads = unsafe rows.compactMap(\.baseAddress)
    return unsafe heads.count == rows.count ? (heads, slope) : nil
  }

  /// - Parameters:
  ///   - rows: parameter, mean, mean square.
  ///   - size: the rate over the correction of the mean.
  ///   - root: the root of the correction of the mean square.
  package static func adam(
    _ rows: [Row], _ gradient: UnsafeBufferPointer<Float>, beta1: Double, beta2: Double, size: Double,
    root: Double, shrink: Double, decay: Double, epsilon: Double
  ) {
    guard let (at, slope) = unsafe heads(rows, gradient) else { return }
    unsafe isotach_adam_step(
      at[0], slope, at[1], at[2], Int64(gradient.count), Float(beta1), Float(1 - beta1), Float(beta2),
      Float(1 - beta2), Float(size), Float(root), Float(shrink), Float(decay), Float(epsilon))
  }

  /// - Parameter rows: parameter, sum of squares.
  package static func adaGrad(
    _ rows: [Row], _ gradient: UnsafeBufferPointer<Float>, rate: Double, decay: Double, epsilon: Double
  ) {
    guard let (at, slope) = unsafe heads(rows, gradient) else { return }
    unsafe isotach_adagrad_step(
      at[0], slope, at[1], Int64(gradient.count), Float(rate), Float(decay), Float(epsilon))
  }

  /// - Parameter rows: parameter, mean square of the gradients, mean square of the steps.
  package static func adaDelta(
    _ rows: [Row], _ gradient: UnsafeBufferPointer<Float>, rate: Double, decay: Double, rho: Double,
    epsilon: Double
  ) {
    guard let (at, slope) = unsafe heads(rows, gradient) else { return }
    unsafe isotach_adadelta_step(
      at[0], slope, at[1], at[2], Int64(gradient.count), Float(rate), Float(decay), Float(rho),
      Float(1 - rho), Float(epsilon))
  }

  /// - Parameter rows: parameter, mean square, then the buffer if there is momentum, then the mean if centred.
  package static func rmsProp(
    _ rows: [Row], _ gradient: UnsafeBufferPointer<Float>, rate: Double, decay: Double, alpha: Double,
    momentum: Double, isCentred: Bool, epsilon: Double
  ) {
    guard let (at, slope) = unsafe heads(rows, gradient) else { return }
    unsafe isotach_rmsprop_step(
      at[0], slope, at[1], momentum > 0 ? at[2] : nil, isCentred ? at[at.count - 1] : nil,
      Int64(gradient.count), Float(rate), Float(decay), Float(alpha), Float(1 - alpha), Float(momentum),
      Float(epsilon))
  }
}
