import Grids

extension Axis {
  /// The axis at those indices.
  func subset(_ indices: [Int]) -> Axis {
    var axis = self
    axis.values = indices.map { values[$0] }
    axis.bounds = bounds.map { bounds in indices.flatMap { [bounds[2 * $0], bounds[2 * $0 + 1]] } }
    axis.labels = labels.map { labels in indices.map { labels[$0] } }
    return axis
  }

  /// The axis at those indices, each value moved by as many degrees.
  func subset(_ indices: [Int], shifts: [Double]) -> Axis {
    var axis = subset(indices)
    for i in axis.values.indices {
      axis.values[i] += shifts[i]
      axis.bounds?[2 * i] += shifts[i]
      axis.bounds?[2 * i + 1] += shifts[i]
    }
    return axis
  }
}

extension TimeAxis {
  /// The axis at those steps.
  package func subset(_ indices: [Int]) -> TimeAxis {
    var axis = self
    axis.values = indices.map { values[$0] }
    axis.bounds = bounds.map { bounds in indices.flatMap { [bounds[2 * $0], bounds[2 * $0 + 1]] } }
    return axis
  }
}

extension Grid {
  /// The cells of those rows and columns. `shifts`: degrees added to the longitude of each column, for
  /// columns taken from across the seam of a global grid.
  func subset(rows: [Int], columns: [Int], shifts: [Double]) -> Grid {
    var grid = self
    grid.y = y.subset(rows)
    grid.x = isRectilinear ? x.subset(columns, shifts: shifts) : x.subset(columns)
    func cells<T>(_ values: [T], each: Int) -> [T] {
      var result: [T] = []
      result.reserveCapacity(rows.count * columns.count * each)
      for row in rows {
        for column in columns {
          let start = (row * nx + column) * each
          result += values[start..<start + each]
        }
      }
      return result
    }
    if latitudes.count == count { grid.latitudes = cells(latitudes, each: 1) }
    if longitudes.count == count { grid.longitudes = cells(longitudes, each: 1) }
    if let corners = cornerLatitudes, corners.count == 4 * count {
      grid.cornerLatitudes = cells(corners, each: 4)
    }
    if let corners = cornerLongitudes, corners.count == 4 * count {
      grid.cornerLongitudes = cells(corners, each: 4)
    }
    return grid
  }
}
