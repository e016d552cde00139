import Basics

/// How much it rains when it does.
struct SimpleIntensity: ClimateIndex {
  static let declaration = Declaration(
    name: "SDII", summary: "mean of the wet steps (simple daily intensity index of ETCCDI)",
    keys: [.wetThreshold, IndexMeasure.key(default: .bias)])
  let setup: IndexSetup
  let threshold: Double

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    threshold = try subject.wetThreshold(arguments)
    setup = try IndexSetup(arguments, subject, "mean of wet days", units: .variable)
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [Sample.mean(values.filter { $0 >= threshold })]
  }
}
