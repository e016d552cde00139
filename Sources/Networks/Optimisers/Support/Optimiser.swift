import Basics

/// How parameters follow their gradients. One file each in `Optimisers/`. An optimiser is a loop over numbers
/// that lie in a row; every element is treated alone.
public protocol Optimiser: Configured {
  /// The names of the arrays that it keeps for each parameter ("exp_avg", ...); they begin as zeros unless
  /// `initialState` says otherwise.
  var slots: [String] { get }
  func initialState(_ slot: String) -> Float
  /// The rate when none is given.
  var defaultRate: Double { get }
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
  public var decouplesDecay: Bool { false }
  public func initialState(_ slot: String) -> Float { 0 }
}
