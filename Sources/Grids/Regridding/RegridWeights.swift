import GridFiles

public enum RegridMethod: String, Sendable, CaseIterable {
  case nearest, bilinear, bicubic, conservative
  /// The mean of all source centres that fall into the target cell; the only method from `points` beside `nearest`.
  case bin
}

/// The sparse matrix that carries a field from one grid to another: for each target cell, source cells and
/// their weights. Rows are normalised by the caller's choice when they are applied to masked fields.
public struct RegridWeights: Sendable {
  public let method: RegridMethod
  public let sourceShape: (ny: Int, nx: Int)
  public let targetShape: (ny: Int, nx: Int)
  /// Target cell t has entries `starts[t] ..< starts[t+1]`.
  package let starts: [Int32]
  package let sources: [Int32]
  package let weights: [Double]
}
