import Basics

/// How parameters follow their gradients. One file each in `Optimisers/`. An optimiser is a loop over numbers
/// that lie in a row; every element is treated alone, so a row may be cut anywhere.
///
/// Formulas, names of the arrays and defaults are those of PyTorch's `torch.optim`.
public protocol Optimiser: Configured {
  /// The names of the arrays that it keeps for each parameter ("exp_avg", ...); they begin as zeros unless
  /// `initialState` says otherwise.
  var slots: [String] { get }
  func initialState(_ slot: String) -> Float
  /// The rate when none is given.
  var defaultRate: Double { get }
  /// The weight decay when none is given.
  var defaultDecay: Double { get }
  /// Weight decay acts on the parameter itself (AdamW), not as an addition to the gradient (L2).
  var decouplesDecay: Bool { get }

  /// One step, in place.
  /// - Parameters:
  ///   - slots: in the order of `slots`, as long as the parameter.
  ///   - step: from 1.
  func update(
    _ parameter: UnsafeMutableBufferPointer<Float>, gradient: UnsafeBufferPointer<Float>,
    slots: [UnsafeMutableBufferPointer<Float>], rate: Double, decay: Double, step: Int)
}

extension Optimiser {
  public var defaultDecay: Double { 0 }
  public var decouplesDecay: Bool { false }
  public func initialState(_ slot: String) -> Float { 0 }
}

/// base to a whole power, by squaring.
func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, base, exponent) = (1.0, base, max(0, exponent))
  while exponent > 0 {
    if exponent & 1 == 1 { result *= base }
    base *= base
    exponent >>= 1
  }
  return result
}
