import Basics

/// The longest wet spell of the year.
struct ConsecutiveWetDays: ClimateIndex {
  static let declaration = Declaration(
    name: "CWD", summary: "longest run of wet steps of each year, meant over the years",
    keys: [
      Key(
        "threshold", .number, default: "1 mm a day",
        "from which on a day is wet, in the units of the variable"),
      IndexMeasure.key(default: .bias),
    ])
  let outputs: [MetricOutput]
  let measure: IndexMeasure
  let threshold: Double

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    try subject.needSeries(arguments)
    threshold = try subject.wetThreshold(arguments)
    measure = IndexMeasure(arguments, default: .bias)
    outputs = [measure.output(arguments.stage, "longest wet spell", units: .text("1"))]
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [series.meanOverYears { range in Double(series.longestRun(range) { values[$0] >= threshold }) }]
  }
}
