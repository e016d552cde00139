import Basics

/// Pearson's correlation of field and truth over all cells and times.
struct Correlation: PointMetric {
  static let declaration = Declaration(
    name: "correlation", summary: "Pearson's, of field and truth over all cells and times", keys: [])
  static let aliases = ["pearson_r"]
  let outputs: [MetricOutput]
  let size = 6

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [MetricOutput(name: arguments.stage, title: "correlation with the truth", better: .high)]
  }

  /// Counted from a value of each, so that the variances lose no digits.
  func add(_ s: Samples) -> [Double] {
    var (weight, x, y, xx, yy, xy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for i in 0..<s.count {
      let (a, b, w) = (s.x[i] - s.origin.x, s.y[i] - s.origin.y, s.w[i])
      weight += w
      x += w * a
      y += w * b
      xx += w * a * a
      yy += w * b * b
      xy += w * a * b
    }
    return [weight, x, y, xx, yy, xy]
  }

  func values(_ s: [Double]) -> [Double] {
    guard s[0] > 0 else { return [.nan] }
    let (x, y) = (s[1] / s[0], s[2] / s[0])
    let (xx, yy) = (s[3] / s[0] - x * x, s[4] / s[0] - y * y)
    // Less than rounding leaves of a constant.
    guard xx > 1e-24 * (s[3] / s[0]), yy > 1e-24 * (s[4] / s[0]), xx > 0, yy > 0 else { return [.nan] }
    return [max(-1, min(1, (s[5] / s[0] - x * y) / (xx.squareRoot() * yy.squareRoot())))]
  }
}
