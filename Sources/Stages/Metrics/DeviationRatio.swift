import Basics

/// How much a field varies.
struct DeviationRatio: ClimateIndex {
  static let declaration = Declaration(
    name: "std_ratio",
    summary: "standard deviation over time, its mean over the cells over that of the truth",
    keys: [
      IndexMeasure.key(default: .ratio)
    ])
  let outputs: [MetricOutput]
  let measure: IndexMeasure

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    try subject.needSeries(arguments)
    measure = IndexMeasure(arguments, default: .ratio)
    outputs = [measure.output(arguments.stage, "standard deviation over time", units: .variable)]
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [values.count > 1 ? Sample.deviation(values) : .nan]
  }
}
