import Basics

/// The correlation of anomalies in each cell, meant over the cells.
struct DeseasonalisedCorrelation: SeriesMetric {
  static let declaration = Declaration(
    name: "deseasonalised_pearson_r",
    summary:
      "Pearson's over time in each cell of departures from the mean of the same month, meant over the cells",
    keys: [])
  let outputs: [MetricOutput]
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    try subject.needSeries(arguments)
    outputs = [MetricOutput(name: arguments.stage, title: "correlation of monthly anomalies", better: .high)]
  }

  func add(_ series: Series, weight: Double) -> [Double] {
    let (x, y) = (Self.anomalies(series.x, series.month), Self.anomalies(series.y, series.month))
    // What is left of values that are all the same in each month is rounding.
    func size(_ values: [Double]) -> Double { values.reduce(0) { max($0, abs($1)) } }
    guard size(x) > 1e-10 * size(series.x), size(y) > 1e-10 * size(series.y) else { return [0, 0] }
    let r = Sample.correlation(x, y)
    return r.isFinite ? [weight * r, weight] : [0, 0]
  }

  private static func anomalies(_ values: [Double], _ month: [Int]) -> [Double] {
    var sums = [(sum: Double, n: Double)](repeating: (0, 0), count: 13)
    for (value, month) in zip(values, month) {
      let m = min(max(month, 0), 12)
      sums[m] = (sums[m].sum + value, sums[m].n + 1)
    }
    return zip(values, month).map { value, month in
      let (sum, n) = sums[min(max(month, 0), 12)]
      return value - sum / n
    }
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}
