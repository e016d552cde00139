import Basics

/// Mean absolute error relative to the truth; values that are 0 in truth give no number.
struct MeanAbsolutePercentageError: PointMetric {
  static let declaration = Declaration(name: "mape", summary: "mean |d / truth|, a share of 1", keys: [])
  let outputs: [MetricOutput]
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [
      MetricOutput(
        name: arguments.stage, title: "mean absolute relative error", units: .text("1"), better: .low)
    ]
  }

  func add(_ s: Samples) -> [Double] {
    var (sum, weight) = (0.0, 0.0)
    for i in 0..<s.count {
      let d = s.x[i] - s.y[i]
      sum += s.w[i] * abs(d / s.y[i])
      weight += s.w[i]
    }
    return [sum, weight]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}
