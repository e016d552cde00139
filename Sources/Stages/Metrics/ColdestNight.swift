import Basics

/// The coldest night of the year.
struct ColdestNight: ClimateIndex {
  static let declaration = Declaration(
    name: "TNn",
    summary: "smallest value of each year, meant over the years (TNn of daily minimum temperature)",
    keys: [
      IndexMeasure.key(default: .bias)
    ])
  let outputs: [MetricOutput]
  let measure: IndexMeasure

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    try subject.needSeries(arguments)
    measure = IndexMeasure(arguments, default: .bias)
    outputs = [measure.output(arguments.stage, "smallest value of the year", units: .variable)]
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [series.meanOverYears { range in range.reduce(.infinity) { min($0, values[$1]) } }]
  }
}
