import Basics

/// Root mean square error.
struct RootMeanSquareError: PointMetric {
  static let declaration = Declaration(name: "rmse", summary: "sqrt(mean d^2), d = field - truth", keys: [])
  let outputs: [MetricOutput]
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [
      MetricOutput(name: arguments.stage, title: "root mean square error", units: .variable, better: .low)
    ]
  }

  func add(_ s: Samples) -> [Double] {
    var (sum, weight) = (0.0, 0.0)
    for i in 0..<s.count {
      let d = s.x[i] - s.y[i]
      sum += s.w[i] * d * d
      weight += s.w[i]
    }
    return [sum, weight]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? (sums[0] / sums[1]).squareRoot() : .nan] }
}
