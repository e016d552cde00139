import Basics

/// The hottest day of the year.
struct HottestDay: ClimateIndex {
  static let declaration = Declaration(
    name: "TXx",
    summary: "largest value of each year, meant over the years (TXx of daily maximum temperature)",
    keys: [IndexMeasure.key(default: .bias)])
  let setup: IndexSetup

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    setup = try IndexSetup(arguments, subject, "largest value of the year", units: .variable)
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [series.meanOverYears { range in range.reduce(-.infinity) { max($0, values[$1]) } }]
  }
}
