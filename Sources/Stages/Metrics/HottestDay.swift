import Basics

/// The hottest day of the year.
struct HottestDay: ClimateIndex {
  static let declaration = Declaration(
    name: "TXx",
    summary: "largest value of each year, meant over the years (TXx of daily maximum temperature)",
    keys: [
      IndexMeasure.key(default: .bias)
    ])
  let outputs: [MetricOutput]
  let measure: IndexMeasure

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    try subject.needSeries(arguments)
    measure = IndexMeasure(arguments, default: .bias)
    outputs = [measure.output(arguments.stage, "largest value of the year", units: .variable)]
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [series.meanOverYears { range in range.reduce(-.infinity) { max($0, values[$1]) } }]
  }
}
