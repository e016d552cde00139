import Basics

/// The correlation over time in each cell, meant over the cells.
struct TemporalCorrelation: SeriesMetric {
  static let declaration = Declaration(
    name: "temporal_pearson_r", summary: "Pearson's over time in each cell, meant over the cells", keys: [])
  let outputs: [MetricOutput]
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    try subject.needSeries(arguments)
    outputs = [MetricOutput(name: arguments.stage, title: "correlation over time", better: .high)]
  }

  func add(_ series: Series, weight: Double) -> [Double] {
    let r = Sample.correlation(series.x, series.y)
    return r.isFinite ? [weight * r, weight] : [0, 0]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}
