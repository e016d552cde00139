import Basics

/// Mean error.
struct MeanError: PointMetric {
  static let declaration = Declaration(name: "bias", summary: "mean d", keys: [])
  static let aliases = ["me"]
  let outputs: [MetricOutput]
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [MetricOutput(name: arguments.stage, title: "mean error", units: .variable, better: .near(0))]
  }

  func add(_ s: Samples) -> [Double] {
    var (sum, weight) = (0.0, 0.0)
    for i in 0..<s.count {
      let d = s.x[i] - s.y[i]
      sum += s.w[i] * d
      weight += s.w[i]
    }
    return [sum, weight]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}
