import Basics

/// Mean absolute error.
struct MeanAbsoluteDeviation: PointMetric {
  static let declaration = Declaration(name: "mae", summary: "mean |d|", keys: [])
  let outputs: [MetricOutput]
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [
      MetricOutput(name: arguments.stage, title: "mean absolute error", units: .variable, better: .low)
    ]
  }

  func add(_ s: Samples) -> [Double] {
    var (sum, weight) = (0.0, 0.0)
    for i in 0..<s.count {
      let d = s.x[i] - s.y[i]
      sum += s.w[i] * abs(d)
      weight += s.w[i]
    }
    return [sum, weight]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}
