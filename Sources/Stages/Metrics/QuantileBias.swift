import Basics
import Grids

/// Bias of quantiles of each cell's series.
struct QuantileBias: ClimateIndex {
  static let declaration = Declaration(
    name: "quantile_bias", summary: "bias of quantiles of each cell's series, meant over the cells",
    keys: [
      Key(
        "levels", .list(.number), default: "[0.01, 0.1, 0.5, 0.9, 0.99, 0.999]",
        "which quantiles, from 0 to 1"),
      IndexMeasure.key(default: .bias),
    ])
  let setup: IndexSetup
  let levels: [Double]

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    var levels: [Double] = []
    for value in arguments.list("levels") ?? [] {
      guard let level = value.number, (0...1).contains(level) else {
        throw PlanError("a quantile goes from 0 to 1, found \(value.text ?? "no number")", at: value.mark)
      }
      levels.append(level)
    }
    self.levels = levels.isEmpty ? [0.01, 0.1, 0.5, 0.9, 0.99, 0.999] : levels
    setup = try IndexSetup(
      arguments, subject, self.levels.map { ("_\($0.plain)", "quantile \($0.plain)") }, units: .variable)
  }

  func index(_ values: [Double], _ series: Series) -> [Double] {
    let sorted = values.sorted()
    return levels.map { Sample.quantile(sorted: sorted, $0) }
  }
}
