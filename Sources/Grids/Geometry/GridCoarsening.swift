import Synchronization

/// How blocks of cells become one cell.
public struct Coarsening: Sendable, Hashable {
  public let rows: Int
  public let columns: Int
  /// Cells of the fine grid that are used: all of them, or whole blocks only.
  public let usedRows: Int
  public let usedColumns: Int
  /// Rows and columns of the coarse grid.
  public var ny: Int { (usedRows + rows - 1) / rows }
  public var nx: Int { (usedColumns + columns - 1) / columns }

  /// - Parameter pads: keep the last, smaller blocks; else they are left out.
  /// - Throws: `GridError` when a factor is below 1 or nothing is left.
  public init(_ grid: Grid, rows: Int, columns: Int, pads: Bool) throws(GridError) {
    guard rows >= 1, columns >= 1 else {
      throw GridError("a factor is at least 1, found \(rows) rows and \(columns) columns")
    }
    (self.rows, self.columns) = (rows, columns)
    usedRows = pads ? grid.ny : grid.ny / rows * rows
    usedColumns = pads ? grid.nx : grid.nx / columns * columns
    guard usedRows > 0, usedColumns > 0 else {
      throw GridError(
        "a block of \(rows) x \(columns) is larger than the grid of \(grid.ny) x \(grid.nx)",
        remedy: "use smaller factors, or `boundary: pad`")
    }
  }

  public func rowRange(_ j: Int) -> Range<Int> { j * rows..<min(usedRows, (j + 1) * rows) }
  public func columnRange(_ i: Int) -> Range<Int> { i * columns..<min(usedColumns, (i + 1) * columns) }
}

extension Grid {
  /// The grid of the blocks: edges are those of the blocks, centres lie in the middle between the edges
  /// (rectilinear, rotated and projected grids), or are the mean of the centres on the sphere (curvilinear).
  /// - Throws: `GridError` for a list of places, which has no blocks.
  public func coarsened(_ blocks: Coarsening) throws(GridError) -> Grid {
    guard kind != .points else {
      throw GridError("a list of places has no blocks of cells", subject: latitudeName)
    }
    let rows = (0..<blocks.ny).map(blocks.rowRange), columns = (0..<blocks.nx).map(blocks.columnRange)
    var grid = self
    (grid.latitudes, grid.longitudes) = ([], [])
    (grid.cornerLatitudes, grid.cornerLongitudes) = (nil, nil)
    if isRectilinear {
      let down = try rowEdges(), across = try columnEdges()
      grid.kind = kind == .gaussian && blocks.rows > 1 ? .regular : kind
      grid.y = y.merged(rows, down.low, down.high)
      grid.x = x.merged(columns, across.low, across.high)
      return grid
    }
    grid.y = y.merged(rows)
    grid.x = x.merged(columns)
    guard kind != .bare, latitudes.count == count, longitudes.count == count else { return grid }
    for j in rows {
      for i in columns {
        var sum = Vector(0, 0, 0)
        for cell in j.flatMap({ row in i.map { row * nx + $0 } }) {
          sum = sum + Vector(latitude: latitudes[cell], longitude: longitudes[cell])
        }
        grid.latitudes.append(sum.unit.latitude)
        grid.longitudes.append(sum.unit.longitude)
      }
    }
    guard kind == .curvilinear || cornerLatitudes != nil, ny > 1, nx > 1 else { return grid }
    let corners = try corners()
    var (latitudes, longitudes) = ([Double](), [Double]())
    for (row, j) in rows.enumerated() {
      for (column, i) in columns.enumerated() {
        let center = Vector(
          latitude: grid.latitudes[row * blocks.nx + column],
          longitude: grid.longitudes[row * blocks.nx + column])
        // Of each outermost cell the corner farthest from the middle of the block: files order corners as
        // they like.
        for (a, b) in [
          (j.lowerBound, i.lowerBound), (j.lowerBound, i.upperBound - 1),
          (j.upperBound - 1, i.upperBound - 1),
          (j.upperBound - 1, i.lowerBound),
        ] where blocks.rows > 1 && blocks.columns > 1 {
          var best = (distance: -1.0, index: 0)
          for k in 4 * (a * nx + b)..<4 * (a * nx + b) + 4 {
            let corner = Vector(latitude: corners.latitudes[k], longitude: corners.longitudes[k])
            let distance = (corner - center).length
            if distance > best.distance { best = (distance, k) }
          }
          latitudes.append(corners.latitudes[best.index])
          longitudes.append(corners.longitudes[best.index])
        }
      }
    }
    // Blocks one cell thick have two of their corners in one cell: left to be constructed.
    if latitudes.count == 4 * grid.count {
      (grid.cornerLatitudes, grid.cornerLongitudes) = (latitudes, longitudes)
    }
    return grid
  }
}

extension Axis {
  /// Blocks of values, with the bounds that enclose them.
  func merged(_ ranges: [Range<Int>], _ low: [Double], _ high: [Double]) -> Axis {
    var axis = self
    let falls = count > 1 && values[1] < values[0]
    axis.values = []
    axis.bounds = []
    axis.labels = nil
    for range in ranges {
      let least = range.map { low[$0] }.min() ?? 0, most = range.map { high[$0] }.max() ?? 0
      axis.values.append(range.count == 1 ? values[range.lowerBound] : 0.5 * (least + most))
      axis.bounds? += falls ? [most, least] : [least, most]
    }
    return axis
  }

  /// The same where bounds may lack: centres are then the mean of the values.
  func merged(_ ranges: [Range<Int>]) -> Axis {
    if kind != .index, count > 1, let edges = givenCornerEdges() {
      return merged(ranges, edges.map { min($0.0, $0.1) }, edges.map { max($0.0, $0.1) })
    }
    var axis = self
    axis.values = ranges.map { range in range.reduce(0) { $0 + values[$1] } / Double(range.count) }
    if kind == .index { axis.values = ranges.indices.map(Double.init) }
    axis.bounds = nil
    axis.labels = nil
    return axis
  }
}

/// The areas of a grid's cells, computed once when they are first needed.
public final class LazyAreas: Sendable {
  private let grid: Grid
  private let held = Mutex<Result<[Double], GridError>?>(nil)
  public init(_ grid: Grid) { self.grid = grid }

  public func values() throws(GridError) -> [Double] {
    let result: Result<[Double], GridError> = held.withLock { held in
      if let held { return held }
      let result: Result<[Double], GridError>
      do throws(GridError) { result = .success(try grid.cellAreas()) } catch { result = .failure(error) }
      held = result
      return result
    }
    return try result.get()
  }
}
