import Basics

/// Whether the members differ from each other as much as their mean does from the truth (Fortin et al. 2014).
struct SpreadSkill: PointMetric {
  static let declaration = Declaration(
    name: "spread_skill",
    summary:
      "spread: sqrt(mean variance of the members (n - 1) times (m + 1) / m); ratio: spread / rmse of their mean, 1 when "
      + "the spread is right", keys: [])
  let outputs: [MetricOutput]
  let size = 3

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [
      MetricOutput(name: "spread", title: "spread of the members", units: .variable),
      MetricOutput(name: "spread_skill_ratio", title: "spread over error of the mean", better: .near(1)),
    ]
  }

  func add(_ s: Samples) -> [Double] {
    let m = s.memberCount
    guard m > 1 else { return [0, 0, 0] }
    var (variance, square, weight) = (0.0, 0.0, 0.0)
    for i in 0..<s.count {
      var sum = 0.0
      for k in 0..<m {
        let d = s.members[i * m + k] - s.x[i]
        sum += d * d
      }
      let d = s.x[i] - s.y[i]
      variance += s.w[i] * sum / Double(m - 1)
      square += s.w[i] * d * d
      weight += s.w[i]
    }
    return [variance * Double(m + 1) / Double(m), square, weight]
  }

  func values(_ sums: [Double]) -> [Double] {
    guard sums[2] > 0 else { return [.nan, .nan] }
    let spread = (sums[0] / sums[2]).squareRoot()
    return [spread, sums[1] > 0 ? spread / (sums[1] / sums[2]).squareRoot() : .nan]
  }
}
