import Basics

/// The wettest day of the year.
struct WettestDay: ClimateIndex {
  static let declaration = Declaration(
    name: "Rx1day", summary: "largest value of each year, meant over the years (Rx1day of daily rain)",
    keys: [IndexMeasure.key(default: .bias)])
  let setup: IndexSetup

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    setup = try IndexSetup(arguments, subject, "largest value of the year", units: .variable)
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [series.meanOverYears { range in range.reduce(-.infinity) { max($0, values[$1]) } }]
  }
}
