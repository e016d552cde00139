import Basics

/// The share of the truth's variance that the field explains.
struct Determination: PointMetric {
  static let declaration = Declaration(
    name: "r2", summary: "1 - sum d^2 / sum (truth - its mean)^2", keys: [])
  let outputs: [MetricOutput]
  let size = 4

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [MetricOutput(name: arguments.stage, title: "coefficient of determination", better: .high)]
  }

  func add(_ s: Samples) -> [Double] {
    var (weight, square, y, yy) = (0.0, 0.0, 0.0, 0.0)
    for i in 0..<s.count {
      let (d, b, w) = (s.x[i] - s.y[i], s.y[i] - s.origin.y, s.w[i])
      weight += w
      square += w * d * d
      y += w * b
      yy += w * b * b
    }
    return [weight, square, y, yy]
  }

  func values(_ s: [Double]) -> [Double] {
    guard s[0] > 0 else { return [.nan] }
    let variance = s[3] / s[0] - (s[2] / s[0]) * (s[2] / s[0])
    return [variance > 1e-24 * (s[3] / s[0]) ? 1 - s[1] / s[0] / variance : .nan]
  }
}
