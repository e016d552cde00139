import Basics

/// Mean square error of a probability, here that a threshold is exceeded.
struct BrierScore: PointMetric {
  static let declaration = Declaration(
    name: "brier_score",
    summary: "mean (p - o)^2, p the share of members above the threshold, o whether the truth is",
    keys: [Key("threshold", .number, required: true, "in the units of the truth; to be exceeded")])
  let outputs: [MetricOutput]
  let threshold: Double
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    threshold = try subject.threshold(arguments)
    outputs = [
      MetricOutput(
        name: "\(arguments.stage)_\(threshold.plain)", title: "Brier score above \(threshold.plain)",
        better: .low)
    ]
  }

  func add(_ s: Samples) -> [Double] {
    var (sum, weight) = (0.0, 0.0)
    for i in 0..<s.count {
      let d = s.probability(i, above: threshold) - (s.y[i] > threshold ? 1 : 0)
      sum += s.w[i] * d * d
      weight += s.w[i]
    }
    return [sum, weight]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}

extension Samples {
  /// The share of the members above a threshold.
  func probability(_ i: Int, above threshold: Double) -> Double {
    let m = memberCount
    return Double((i * m..<(i + 1) * m).count { members[$0] > threshold }) / Double(m)
  }
}
