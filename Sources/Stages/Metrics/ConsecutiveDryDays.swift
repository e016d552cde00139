import Basics

/// The longest dry spell of the year.
struct ConsecutiveDryDays: ClimateIndex {
  static let declaration = Declaration(
    name: "CDD",
    summary:
      "longest run of dry steps of each year, meant over the years; runs end with the year and at gaps",
    keys: [.wetThreshold, IndexMeasure.key(default: .bias)])
  let setup: IndexSetup
  let threshold: Double

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    threshold = try subject.wetThreshold(arguments)
    setup = try IndexSetup(arguments, subject, "longest dry spell", units: .text("1"))
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [series.meanOverYears { range in Double(series.longestRun(range) { values[$0] < threshold }) }]
  }
}
