/// Whether cells hold their own centres.
enum BoundsCheck {
  /// Longitudes shifted by whole turns so that they are within half a turn of their centre; `corners` a cell.
  static func aligned(_ bounds: [Double], to centers: [Double], corners: Int) -> [Double] {
    guard bounds.count == centers.count * corners else { return bounds }
    var result = bounds
    for (cell, center) in centers.enumerated() where center.isFinite {
      for corner in cell * corners..<(cell + 1) * corners where result[corner].isFinite {
        let turns = ((center - result[corner]) / 360).rounded()
        if turns != 0, abs(result[corner] - center) > 180 { result[corner] += 360 * turns }
      }
    }
    return result
  }

  /// The number of cells whose centre is outside the range of its bounds.
  static func outside(_ bounds: [Double], _ centers: [Double], corners: Int) -> Int {
    guard bounds.count == centers.count * corners else { return centers.count }
    var count = 0
    for (cell, center) in centers.enumerated() {
      let part = bounds[cell * corners..<(cell + 1) * corners]
      guard let low = part.min(), let high = part.max() else { continue }
      let slack = 1e-6 * max(high - low, 1e-3)
      if !(center >= low - slack && center <= high + slack) { count += 1 }
    }
    return count
  }
}
