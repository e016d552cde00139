import Basics

/// How often it rains: R01 of the VALUE project, as a share of all days.
struct WetDays: ClimateIndex {
  static let declaration = Declaration(
    name: "R01", summary: "share of wet steps",
    keys: [.wetThreshold, IndexMeasure.key(default: .bias)])
  let setup: IndexSetup
  let threshold: Double

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    threshold = try subject.wetThreshold(arguments)
    setup = try IndexSetup(arguments, subject, "share of wet days", units: .text("1"))
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    [values.isEmpty ? .nan : Double(values.count { $0 >= threshold }) / Double(values.count)]
  }
}
