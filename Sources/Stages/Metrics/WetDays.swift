import Basics

/// How often it rains: R01 of the VALUE project, as a share of all days.
struct WetDays: ClimateIndex {
  static let declaration = Declaration(
    name: "R01", summary: "share of wet steps",
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
    outputs = [measure.output(arguments.stage, "share of wet days", units: .text("1"))]
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [values.isEmpty ? .nan : Double(values.count { $0 >= threshold }) / Double(values.count)]
  }
}
