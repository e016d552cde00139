import Basics

/// How much a field varies.
struct DeviationRatio: ClimateIndex {
  static let declaration = Declaration(
    name: "std_ratio",
    summary: "standard deviation over time, its mean over the cells over that of the truth",
    keys: [IndexMeasure.key(default: .ratio)])
  let setup: IndexSetup

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    setup = try IndexSetup(
      arguments, subject, "standard deviation over time", units: .variable, default: .ratio)
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [values.count > 1 ? Sample.deviation(values) : .nan]
  }
}
