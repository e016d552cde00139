import Grids

/// Which cells `latitude`, `longitude`, `rows` and `columns` choose.
struct CellSelection {
  let arguments: Arguments
  init(_ arguments: Arguments) { self.arguments = arguments }

  /// Changes the description's grid; returns the input's rows and columns.
  func apply(
    to output: inout Description, of stream: StageInputs.Stream
  ) throws(PlanError) -> (rows: [Int], columns: [Int]) {
    let grid = stream.description.grid
    let latitudes = try numberPair(arguments, "latitude", example: "[35, 70]").map {
      (min($0, $1), max($0, $1))
    }
    let longitudes = try numberPair(arguments, "longitude", example: "[-10, 40]")
    var rows = Array(try IndexRange.read(arguments, "rows", count: grid.ny, what: "row") ?? 0..<grid.ny)
    var columns = Array(
      try IndexRange.read(arguments, "columns", count: grid.nx, what: "column") ?? 0..<grid.nx)
    var shifts = [Double](repeating: 0, count: columns.count)
    if latitudes != nil || longitudes != nil {
      let mark = arguments.mark(latitudes != nil ? "latitude" : "longitude")
      if grid.kind == .bare {
        throw PlanError(
          "the grid of `\(stream.name)` has no latitude and longitude", at: mark,
          remedy: "select `rows` and `columns`")
      }
      if let latitudes, latitudes.1 < -90 || latitudes.0 > 90 {
        throw PlanError("latitudes lie between -90 and 90", at: mark, subject: "latitude")
      }
      if grid.isRectilinear {
        if let latitudes { rows = rows.filter { Self.isWithin(grid.y.values[$0], latitudes) } }
        if let longitudes {
          // Columns that repeat the first ones (0 and 360) would stand twice in the result.
          let topology = grid.topology
          if topology.isPeriodic { columns.removeAll { $0 >= topology.columns } }
          let chosen = Self.columns(grid.x.values, columns, longitudes)
          (columns, shifts) = (chosen.map(\.column), chosen.map(\.shift))
        }
      } else {
        (rows, columns) = Self.box(grid, rows, columns, latitudes, longitudes)
        shifts = [Double](repeating: 0, count: columns.count)
      }
      guard !rows.isEmpty, !columns.isEmpty else {
        let isLatitude = grid.isRectilinear ? rows.isEmpty : latitudes != nil
        throw PlanError(
          "no cell of `\(stream.name)` is selected",
          at: arguments.mark(isLatitude ? "latitude" : "longitude"),
          subject: isLatitude ? "latitude" : "longitude",
          remedy: Self.extent(grid))
      }
    }
    output.grid = grid.subset(rows: rows, columns: columns, shifts: shifts)
    return (rows, columns)
  }

  static let slack = 1e-6

  static func isWithin(_ x: Double, _ range: (Double, Double)) -> Bool {
    x >= range.0 - slack && x <= range.1 + slack
  }

  /// Degrees eastwards from `west`, 0 to 360.
  static func eastward(_ longitude: Double, _ west: Double) -> Double {
    let d = (longitude - west).truncatingRemainder(dividingBy: 360)
    let positive = d < 0 ? d + 360 : d
    return 360 - positive <= slack ? 0 : positive
  }

  static func width(_ range: (Double, Double)) -> Double {
    let d = eastward(range.1, range.0)
    return d <= slack && abs(range.1 - range.0) > slack ? 360 : d
  }

  /// The columns within, in the order in which longitude goes on from the western bound (to it, when the axis
  /// goes westwards), and the whole turns to add.
  private static func columns(
    _ values: [Double], _ columns: [Int], _ range: (Double, Double)
  ) -> [(column: Int, shift: Double)] {
    let width = width(range)
    var chosen: [(column: Int, east: Double)] = []
    for column in columns {
      let east = eastward(values[column], range.0)
      if east <= width + slack { chosen.append((column, east)) }
    }
    let descends = values.count > 1 && values[1] < values[0]
    chosen.sort { descends ? $0.east > $1.east : $0.east < $1.east }
    return chosen.map { column, east in
      (column, ((range.0 + east - values[column]) / 360).rounded() * 360)
    }
  }

  /// The rows and columns that hold all cells within; for a list of places, the places.
  private static func box(
    _ grid: Grid, _ rows: [Int], _ columns: [Int], _ latitudes: (Double, Double)?,
    _ longitudes: (Double, Double)?
  ) -> ([Int], [Int]) {
    let width = longitudes.map(width)
    func holds(_ j: Int, _ i: Int) -> Bool {
      let place = grid.center(j, i)
      if let latitudes, !isWithin(place.latitude, latitudes) { return false }
      if let longitudes, let width, !(eastward(place.longitude, longitudes.0) <= width + slack) {
        return false
      }
      return true
    }
    if grid.kind == .points { return (rows, columns.filter { i in rows.contains { holds($0, i) } }) }
    var (first, last, left, right) = (Int.max, Int.min, Int.max, Int.min)
    for j in rows {
      for i in columns where holds(j, i) {
        (first, last) = (min(first, j), max(last, j))
        (left, right) = (min(left, i), max(right, i))
      }
    }
    guard first <= last else { return ([], []) }
    return (Array(first...last), Array(left...right))
  }

  private static func extent(_ grid: Grid) -> String {
    let latitudes = grid.isRectilinear ? grid.y.values : grid.latitudes
    let longitudes = grid.isRectilinear ? grid.x.values : grid.longitudes
    guard let south = latitudes.min(), let north = latitudes.max(), let west = longitudes.min(),
      let east = longitudes.max()
    else { return "the grid has no cells" }
    return "it covers latitude \(south.plain) to \(north.plain), longitude \(west.plain) to \(east.plain)"
  }
}
