import Basics

/// Structural similarity of maps (Wang et al. 2004), as in scikit-image with its defaults.
struct StructuralSimilarity: MapMetric {
  static let declaration = Declaration(
    name: "ssim",
    summary:
      "structural similarity in windows of 7 x 7 cells, meant over the map and the times; the range is the truth's "
      + "in each map; windows with missing cells are left out",
    keys: [Key("window", .integer, default: "7", "cells along each side, odd")])
  let outputs: [MetricOutput]
  let window: Int
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    window = arguments.integer("window") ?? 7
    guard window >= 3, window % 2 == 1, window < 1 << 20 else {
      throw PlanError(
        "`window` is an odd number of cells from 3 on, found \(window)", at: arguments.mark("window"))
    }
    outputs = [MetricOutput(name: arguments.stage, title: "structural similarity", better: .high)]
  }

  func add(_ maps: MapPair) -> [Double] {
    guard let (low, high) = maps.truthRange, high > low, maps.rows >= window, maps.columns >= window else {
      return [0, 0]
    }
    // Counted from the middle of the range: the sums of squares lose no digits.
    let origin = (low + high) / 2
    func sums(_ value: (Int) -> Double) -> MapSums {
      MapSums(rows: maps.rows, columns: maps.columns) { maps.isValid[$0] ? value($0) : 0 }
    }
    let (x, y) = (maps.x, maps.y)
    let n = sums { _ in 1 }
    let sx = sums { x[$0] - origin }, sy = sums { y[$0] - origin }
    let sxx = sums { (x[$0] - origin) * (x[$0] - origin) }
    let syy = sums { (y[$0] - origin) * (y[$0] - origin) }
    let sxy = sums { (x[$0] - origin) * (y[$0] - origin) }
    let cells = Double(window * window)
    let (c1, c2) = (0.0001 * (high - low) * (high - low), 0.0009 * (high - low) * (high - low))
    let sample = cells / (cells - 1)
    var (total, count) = (0.0, 0.0)
    for j in 0...maps.rows - window {
      for i in 0...maps.columns - window {
        func mean(_ table: MapSums) -> Double { table.sum(j, j + window, i, i + window) / cells }
        guard mean(n) == 1 else { continue }
        let (a, b) = (mean(sx), mean(sy))
        let (va, vb) = (sample * (mean(sxx) - a * a), sample * (mean(syy) - b * b))
        let covariance = sample * (mean(sxy) - a * b)
        let (ux, uy) = (a + origin, b + origin)
        total +=
          (2 * ux * uy + c1) * (2 * covariance + c2) / ((ux * ux + uy * uy + c1) * (va + vb + c2))
        count += 1
      }
    }
    return count > 0 ? [total / count, 1] : [0, 0]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}

extension MapPair {
  /// The lowest and the highest value of the truth.
  var truthRange: (Double, Double)? {
    var range: (Double, Double)?
    for i in y.indices where isValid[i] {
      range = range.map { (min($0.0, y[i]), max($0.1, y[i])) } ?? (y[i], y[i])
    }
    return range
  }
}
