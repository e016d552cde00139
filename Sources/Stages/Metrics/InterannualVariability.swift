import Basics

/// How much the years differ.
struct InterannualVariability: ClimateIndex {
  static let declaration = Declaration(
    name: "interannual_variability",
    summary: "standard deviation of the means of the years, over that of the truth",
    keys: [IndexMeasure.key(default: .ratio)])
  let setup: IndexSetup

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    setup = try IndexSetup(
      arguments, subject, "standard deviation of annual means", units: .variable, default: .ratio)
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    let means = series.byYear.map { Sample.mean(Array(values[$0])) }
    return [means.count > 1 ? Sample.deviation(means) : .nan]
  }
}
