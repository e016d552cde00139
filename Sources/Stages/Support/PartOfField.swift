import Grids

/// A part of a map that need not be a box: what `half`, `rows`, `columns`, `latitude` and `longitude` choose
/// together, or with `outside: true` all the other cells. The cells of the map stay where they are.
struct PartOfField: Sendable {
  /// The box that holds the part.
  let rows: Range<Int>
  let columns: Range<Int>
  /// For each cell of the box whether it belongs to the part; nil: all do.
  let isIn: [Bool]?
  let count: Int

  static let keys: [Key] = [
    Key(
      "half", .choice(["west", "east", "upper", "lower"]),
      "half of the columns, or half of the rows: the upper half is that with the greater y (north)"),
    Key("rows", .list(.integer), "first and last row by index, the last included, -1 is the last one"),
    Key("columns", .list(.integer), "first and last column by index"),
    Key("latitude", .list(.number), "two bounds in degrees, of the cells' centres"),
    Key("longitude", .list(.number), "west and east in degrees, of the cells' centres"),
    Key("outside", .boolean, default: "false", "all cells but those"),
  ]

  init(rows: Range<Int>, columns: Range<Int>, isIn: [Bool]?, count: Int) {
    (self.rows, self.columns, self.isIn, self.count) = (rows, columns, isIn, count)
  }

  /// - Throws: `PlanError` when a key is wrong or no cell is chosen.
  init(_ arguments: Arguments, of grid: Grid, named name: String) throws(PlanError) {
    var rows = try IndexRange.read(arguments, "rows", count: grid.ny, what: "row") ?? 0..<grid.ny
    var columns = try IndexRange.read(arguments, "columns", count: grid.nx, what: "column") ?? 0..<grid.nx
    if let half = arguments.text("half") {
      let isWestward = grid.nx > 1 && grid.x.values[1] < grid.x.values[0]
      let isDownward = grid.ny > 1 && grid.y.values[1] < grid.y.values[0]
      let (nx, ny) = (grid.nx / 2, grid.ny / 2)
      switch half {
      case "lower": rows = rows.clamped(to: isDownward ? grid.ny - ny..<grid.ny : 0..<ny)
      case "upper": rows = rows.clamped(to: isDownward ? 0..<grid.ny - ny : ny..<grid.ny)
      case "west": columns = columns.clamped(to: isWestward ? grid.nx - nx..<grid.nx : 0..<nx)
      default: columns = columns.clamped(to: isWestward ? 0..<grid.nx - nx : nx..<grid.nx)
      }
      guard !rows.isEmpty, !columns.isEmpty else {
        throw PlanError("no cell of `\(name)` lies there", at: arguments.mark("half"))
      }
    }
    let isOutside = arguments.boolean("outside") ?? false
    let latitudes = try numberPair(arguments, "latitude", example: "[35, 70]").map {
      (min($0, $1), max($0, $1))
    }
    let longitudes = try numberPair(arguments, "longitude", example: "[-10, 40]")
    guard latitudes != nil || longitudes != nil || isOutside else {
      (self.rows, self.columns, isIn, count) = (rows, columns, nil, rows.count * columns.count)
      return
    }
    let needsPlaces = latitudes != nil || longitudes != nil
    let mark = arguments.mark(latitudes != nil ? "latitude" : longitudes != nil ? "longitude" : "outside")
    if needsPlaces, grid.kind == .bare {
      throw PlanError(
        "the grid of `\(name)` has no latitude and longitude", at: mark, remedy: "say `rows` and `columns`")
    }
    let places: Grid
    do { places = needsPlaces ? try grid.withComputedCenters() : grid } catch {
      throw PlanError(error.cause, at: mark, subject: error.subject, remedy: error.remedy)
    }
    let width = longitudes.map(CellSelection.width)
    func holds(_ row: Int, _ column: Int) -> Bool {
      guard rows.contains(row), columns.contains(column) else { return false }
      guard needsPlaces else { return true }
      let place = places.center(row, column)
      if let latitudes, !CellSelection.isWithin(place.latitude, latitudes) { return false }
      guard let longitudes, let width else { return true }
      return CellSelection.eastward(place.longitude, longitudes.0) <= width + CellSelection.slack
    }
    // The box that holds them all, and which of its cells are meant.
    var (top, bottom, left, right, count) = (Int.max, -1, Int.max, -1, 0)
    var chosen = [Bool](repeating: false, count: grid.count)
    for row in 0..<grid.ny {
      for column in 0..<grid.nx where holds(row, column) != isOutside {
        chosen[row * grid.nx + column] = true
        (top, bottom, left, right) = (min(top, row), max(bottom, row), min(left, column), max(right, column))
        count += 1
      }
    }
    guard count > 0 else { throw PlanError("no cell of `\(name)` lies there", at: mark) }
    (rows, columns) = (top..<bottom + 1, left..<right + 1)
    (self.rows, self.columns, self.count) = (rows, columns, count)
    isIn =
      count == rows.count * columns.count
      ? nil : rows.flatMap { row in chosen[row * grid.nx + left...row * grid.nx + right] }
  }

  /// True for the cell (row, column) of the map.
  func contains(_ row: Int, _ column: Int) -> Bool {
    guard rows.contains(row), columns.contains(column) else { return false }
    return isIn?[(row - rows.lowerBound) * columns.count + column - columns.lowerBound] ?? true
  }
}
