import Basics

/// The largest error.
struct LargestError: PointMetric {
  static let declaration = Declaration(name: "max-error", summary: "the largest |d|", keys: [])
  let outputs: [MetricOutput]
  let size = 1
  let takesMaximum = true

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [
      MetricOutput(name: arguments.stage, title: "largest absolute error", units: .variable, better: .low)
    ]
  }

  func add(_ s: Samples) -> [Double] { [(0..<s.count).reduce(0) { max($0, abs(s.x[$1] - s.y[$1])) }] }
  func values(_ sums: [Double]) -> [Double] { sums }
}
