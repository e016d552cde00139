import Basics

/// The coldest night of the year.
struct ColdestNight: ClimateIndex {
  static let declaration = Declaration(
    name: "TNn",
    summary: "smallest value of each year, meant over the years (TNn of daily minimum temperature)",
    keys: [IndexMeasure.key(default: .bias)])
  let setup: IndexSetup

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    setup = try IndexSetup(arguments, subject, "smallest value of the year", units: .variable)
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [series.meanOverYears { range in range.reduce(.infinity) { min($0, values[$1]) } }]
  }
}
