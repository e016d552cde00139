import Basics

/// The longest wet spell of the year.
struct ConsecutiveWetDays: ClimateIndex {
  static let declaration = Declaration(
    name: "CWD", summary: "longest run of wet steps of each year, meant over the years",
    keys: [.wetThreshold, IndexMeasure.key(default: .bias)])
  let setup: IndexSetup
  let threshold: Double

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    threshold = try subject.wetThreshold(arguments)
    setup = try IndexSetup(arguments, subject, "longest wet spell", units: .text("1"))
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [series.meanOverYears { range in Double(series.longestRun(range) { values[$0] >= threshold }) }]
  }
}
