import Basics

/// Mean square error.
struct MeanSquareError: PointMetric {
  static let declaration = Declaration(name: "mse", summary: "mean d^2", keys: [])
  let outputs: [MetricOutput]
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [MetricOutput(name: arguments.stage, title: "mean square error", units: .square, better: .low)]
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

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}
