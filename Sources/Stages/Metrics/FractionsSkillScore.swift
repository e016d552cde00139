import Basics

/// Whether as many cells around each cell reach a threshold (Roberts and Lean 2008).
struct FractionsSkillScore: MapMetric {
  static let declaration = Declaration(
    name: "fss",
    summary:
      "fractions skill score: 1 - sum (p - o)^2 / sum (p^2 + o^2), p and o the shares of cells at or above the "
      + "threshold in a window around each cell; beyond the edge and where values are missing nothing reaches it",
    keys: [
      Key("threshold", .number, required: true, "in the units of the truth"),
      Key("window", .integer, required: true, "cells along each side, odd"),
    ])
  let outputs: [MetricOutput]
  let threshold: Double
  let window: Int
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    threshold = try subject.threshold(arguments)
    window = arguments.integer("window") ?? 1
    guard window >= 1, window % 2 == 1, window < 1 << 20 else {
      throw PlanError("`window` is an odd number of cells, found \(window)", at: arguments.mark("window"))
    }
    outputs = [
      MetricOutput(
        name: "\(arguments.stage)_\(threshold.plain)_\(window)",
        title: "fractions skill score above \(threshold.plain) in \(window) cells", better: .high)
    ]
  }

  func add(_ maps: MapPair) -> [Double] {
    let x = MapSums(rows: maps.rows, columns: maps.columns) {
      maps.isValid[$0] && maps.x[$0] >= threshold ? 1 : 0
    }
    let y = MapSums(rows: maps.rows, columns: maps.columns) {
      maps.isValid[$0] && maps.y[$0] >= threshold ? 1 : 0
    }
    let (half, cells) = (window / 2, Double(window) * Double(window))
    var (difference, both) = (0.0, 0.0)
    for j in 0..<maps.rows {
      for i in 0..<maps.columns where maps.isValid[j * maps.columns + i] {
        let (top, bottom, left, right) = (j - half, j + half + 1, i - half, i + half + 1)
        let (p, o) = (x.sum(top, bottom, left, right) / cells, y.sum(top, bottom, left, right) / cells)
        difference += (p - o) * (p - o)
        both += p * p + o * o
      }
    }
    return [difference, both]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? 1 - sums[0] / sums[1] : .nan] }
}
