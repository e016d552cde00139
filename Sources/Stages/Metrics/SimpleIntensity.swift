import Basics

/// How much it rains when it does.
struct SimpleIntensity: ClimateIndex {
  static let declaration = Declaration(
    name: "SDII", summary: "mean of the wet steps (simple daily intensity index of ETCCDI)",
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
    outputs = [measure.output(arguments.stage, "mean of wet days", units: .variable)]
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [Sample.mean(values.filter { $0 >= threshold })]
  }
}
