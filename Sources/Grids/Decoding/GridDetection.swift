import GridFiles

/// Which dimensions of a variable are its rows and columns, and what says where the cells lie.
struct Horizontal {
  enum Form {
    /// Two 1-D coordinates.
    case axes(CoordinateKind, CoordinateKind)
    /// 2-D latitude and longitude only.
    case plane
    /// 1-D latitude and longitude on one dimension.
    case points(latitude: Scope.Entry, longitude: Scope.Entry)
    case bare
  }
  var form: Form
  var row: Int?
  var column: Int?
  var plane: (latitude: Scope.Entry, longitude: Scope.Entry)?
}

/// Finds grids, and reads each once.
final class GridDetection {
  let finding: CoordinateFinding
  let reader: CoordinateReader
  private let hints: DatasetHints
  private var grids: [String: Grid] = [:]

  init(_ finding: CoordinateFinding, _ hints: DatasetHints) {
    (self.finding, self.hints, reader) = (finding, hints, finding.reader)
  }

  /// - Parameter coordinates: the coordinate of each dimension of the variable.
  func horizontal(
    _ entry: Scope.Entry, _ coordinates: [Scope.Entry?], auxiliary: [Scope.Entry]
  ) -> Horizontal {
    let kinds = coordinates.map { $0.map(finding.kind) }
    let plane = plane(entry, auxiliary)
    func index(_ kind: CoordinateKind) -> Int? { kinds.firstIndex(of: kind) }
    for (y, x) in [
      (CoordinateKind.latitude, CoordinateKind.longitude), (.gridLatitude, .gridLongitude),
      (.projectionY, .projectionX),
    ] {
      if let row = index(y), let column = index(x) {
        return Horizontal(form: .axes(y, x), row: row, column: column, plane: plane?.coordinates)
      }
    }
    if let plane {
      return Horizontal(form: .plane, row: plane.row, column: plane.column, plane: plane.coordinates)
    }
    if let points = points(entry, auxiliary) { return points }
    // No place: the last two dimensions that mean nothing else.
    let yLike = kinds.firstIndex { [.latitude, .gridLatitude, .projectionY].contains($0) }
    let xLike = kinds.firstIndex { [.longitude, .gridLongitude, .projectionX].contains($0) }
    if yLike != nil || xLike != nil { return Horizontal(form: .bare, row: yLike, column: xLike) }
    let free = kinds.indices.filter { index in
      (kinds[index] == nil || kinds[index] == .other) && coordinates[index]?.isCharacters != true
    }
    let long = free.filter { entry.extents[$0] > 1 }
    let chosen = (long.count >= 2 ? long : free).suffix(2)
    if chosen.count == 2, let row = chosen.first, let column = chosen.last {
      return Horizontal(form: .bare, row: row, column: column)
    }
    return Horizontal(form: .bare, row: nil, column: chosen.first)
  }

  private func plane(
    _ entry: Scope.Entry, _ auxiliary: [Scope.Entry]
  ) -> (coordinates: (latitude: Scope.Entry, longitude: Scope.Entry), row: Int, column: Int)? {
    if let latitude = hinted("latitude"), let longitude = hinted("longitude"), latitude.extents.count == 2,
      latitude.extents == longitude.extents
    {
      if let places = places(latitude, in: entry) {
        return ((latitude, longitude), places.row, places.column)
      }
      // Dimensions without names: the last two of the same lengths.
      let count = entry.extents.count
      if count >= 2, Array(entry.extents.suffix(2)) == latitude.extents {
        return ((latitude, longitude), count - 2, count - 1)
      }
    }
    func pair(_ candidates: [Scope.Entry]) -> (Scope.Entry, Scope.Entry)? {
      let flat = candidates.filter { $0.type.isNumeric && $0.keys.count == 2 && places($0, in: entry) != nil }
      guard let latitude = flat.first(where: { finding.kind($0) == .latitude }),
        let longitude = flat.first(where: { finding.kind($0) == .longitude && $0.keys == latitude.keys })
      else { return nil }
      return (latitude, longitude)
    }
    var found = pair(auxiliary)
    if found == nil {
      found = pair(finding.scope.visible(from: entry.group).filter { $0.path != entry.path })
      if let (latitude, longitude) = found {
        reader.note(
          .assumed, entry.path,
          "`\(latitude.name)` and `\(longitude.name)` have its dimensions and are taken as its coordinates, though "
            + "`coordinates` does not name them")
      }
    }
    guard let (latitude, longitude) = found, let places = places(latitude, in: entry) else { return nil }
    return ((latitude, longitude), places.row, places.column)
  }

  /// Where the two dimensions of a 2-D coordinate are in a variable.
  private func places(_ coordinate: Scope.Entry, in entry: Scope.Entry) -> (row: Int, column: Int)? {
    guard coordinate.keys.count == 2, coordinate.keys[0] != coordinate.keys[1],
      let row = entry.keys.firstIndex(of: coordinate.keys[0]),
      let column = entry.keys.firstIndex(of: coordinate.keys[1])
    else { return nil }
    return (row, column)
  }

  private func points(_ entry: Scope.Entry, _ auxiliary: [Scope.Entry]) -> Horizontal? {
    var candidates = auxiliary
    if let latitude = hinted("latitude"), let longitude = hinted("longitude") {
      if latitude.extents.count == 1, latitude.extents == longitude.extents,
        let column = entry.extents.lastIndex(of: latitude.extents[0])
      {
        return Horizontal(
          form: .points(latitude: latitude, longitude: longitude), row: nil, column: column)
      }
    }
    for isNamed in [true, false] {
      if !isNamed { candidates = finding.scope.visible(from: entry.group) }
      let lines = candidates.filter { $0.type.isNumeric && $0.keys.count == 1 && $0.path != entry.path }
      for (column, key) in entry.keys.enumerated().reversed() {
        guard let latitude = lines.first(where: { $0.keys == [key] && finding.kind($0) == .latitude }),
          let longitude = lines.first(where: { $0.keys == [key] && finding.kind($0) == .longitude })
        else { continue }
        if !isNamed {
          reader.note(
            .assumed, entry.path,
            "`\(latitude.name)` and `\(longitude.name)` have its dimension `\(key.name)` and are taken as its places"
          )
        }
        return Horizontal(
          form: .points(latitude: latitude, longitude: longitude), row: nil, column: column)
      }
    }
    return nil
  }

  private func hinted(_ role: String) -> Scope.Entry? {
    hints.coordinates[role].flatMap { finding.scope.find($0, from: "/") }
  }

  /// The grid of a variable whose rows and columns are known.
  func grid(
    _ entry: Scope.Entry, _ horizontal: Horizontal, _ coordinates: [Scope.Entry?]
  ) async throws -> Grid {
    let row = horizontal.row
    let column = horizontal.column
    if let grid = hints.grid {
      guard grid.ny == row.map({ entry.extents[$0] }) ?? 1, grid.nx == column.map({ entry.extents[$0] }) ?? 1
      else {
        throw GridError(
          "the grid given in the pipeline is \(grid.ny) x \(grid.nx), but the variable has rows and columns "
            + "\(row.map { entry.extents[$0] } ?? 1) x \(column.map { entry.extents[$0] } ?? 1)",
          subject: entry.path)
      }
      return grid
    }
    let y = row.flatMap { coordinates[$0] }
    let x = column.flatMap { coordinates[$0] }
    let mapping = finding.mapping(entry, axes: [y?.name, x?.name].compactMap { $0 })
    let key = [
      row.map { "\(entry.keys[$0])" } ?? "-", column.map { "\(entry.keys[$0])" } ?? "-", y?.path ?? "-",
      x?.path ?? "-",
      horizontal.plane?.latitude.path ?? "-", horizontal.plane?.longitude.path ?? "-",
      mapping?.variableName ?? "-",
    ].joined(separator: "|")
    if let known = grids[key] { return known }
    let grid = try await make(entry, horizontal, y, x, mapping)
    grids[key] = grid
    return grid
  }

  private func make(
    _ entry: Scope.Entry, _ horizontal: Horizontal, _ y: Scope.Entry?, _ x: Scope.Entry?,
    _ mapping: GridMapping?
  ) async throws -> Grid {
    func dimension(_ index: Int?, _ name: String) -> (String, Int) {
      index.map { (entry.dimensions[$0].name, entry.extents[$0]) } ?? (name, 1)
    }
    let (rowName, ny) = dimension(horizontal.row, "row")
    let (columnName, nx) = dimension(horizontal.column, "column")
    switch horizontal.form {
    case .axes(let yKind, _):
      guard let y, let x else { return .bare(rowName, ny, columnName, nx) }
      if yKind == .latitude { try await reader.unwrap(longitudes: x) }
      let isOrdered = try await reader.check(monotonic: reader.values(y), y, strictly: true)
      guard try await reader.check(monotonic: reader.values(x), x, strictly: true) && isOrdered else {
        return .bare(rowName, ny, columnName, nx)
      }
      var grid = Grid(
        kind: .regular, y: try await axis(y, rowName, ny), x: try await axis(x, columnName, nx),
        mapping: mapping)
      switch yKind {
      case .gridLatitude: grid.kind = .rotatedPole
      case .projectionY: grid.kind = .projected
      default:
        if grid.y.values.contains(where: { abs($0) > 90.001 }) {
          reader.note(
            .error, y.path, "there are latitudes beyond 90 degrees: the rows have no place on the Earth")
          return .bare(rowName, ny, columnName, nx)
        }
        if GaussianLatitudes.match(grid.y.values) { grid.kind = .gaussian }
        return grid
      }
      if let plane = horizontal.plane {
        try await readPlane(plane, into: &grid)
        if let projection = try? grid.projection(), !grid.places(agreeWith: projection) {
          reader.note(
            .warning, entry.path,
            "its 2-D latitude and longitude are not where the grid mapping puts the cells: the 2-D ones are taken"
          )
        }
      } else {
        computeCenters(of: &grid, entry)
      }
      return grid
    case .plane:
      guard let plane = horizontal.plane else { return .bare(rowName, ny, columnName, nx) }
      var grid = Grid(
        kind: .curvilinear, y: try await rowAxis(y, rowName, ny), x: try await rowAxis(x, columnName, nx),
        mapping: mapping)
      try await readPlane(plane, into: &grid)
      return grid
    case .points(let latitude, let longitude):
      var grid = Grid(
        kind: .points, y: .index("row", 1), x: try await rowAxis(x, columnName, nx), mapping: mapping)
      grid.latitudes = try await reader.values(latitude)
      grid.longitudes = try await reader.values(longitude)
      (grid.latitudeName, grid.longitudeName) = (latitude.name, longitude.name)
      checkPlaces(grid, latitude, longitude)
      return grid
    case .bare:
      if ny * nx > 1 {
        reader.note(
          .assumed, entry.path,
          "no coordinate says where its cells lie: "
            + (horizontal.row == nil
              ? "`\(columnName)` is taken as columns"
              : "`\(rowName)` and `\(columnName)` are taken as rows and columns"))
      }
      return Grid(kind: .bare, y: try await rowAxis(y, rowName, ny), x: try await rowAxis(x, columnName, nx))
    }
  }

  /// Latitudes and longitudes of a rotated or projected grid from its mapping.
  private func computeCenters(of grid: inout Grid, _ entry: Scope.Entry) {
    guard grid.mapping != nil else {
      reader.note(
        .error, entry.path,
        "its axes are those of a projection, but it has no grid mapping: its places are not known")
      return
    }
    do {
      grid = try grid.withComputedCenters()
    } catch {
      reader.note(.warning, entry.path, "it has no 2-D latitude and longitude: \(error.cause)")
    }
  }

  private func readPlane(
    _ plane: (latitude: Scope.Entry, longitude: Scope.Entry), into grid: inout Grid
  ) async throws {
    grid.latitudes = try await reader.values(plane.latitude)
    grid.longitudes = try await reader.values(plane.longitude)
    (grid.latitudeName, grid.longitudeName) = (plane.latitude.name, plane.longitude.name)
    guard grid.latitudes.count == grid.count, grid.longitudes.count == grid.count else {
      throw GridError(
        "`\(plane.latitude.name)` does not have the shape of the grid", subject: plane.latitude.path)
    }
    checkPlaces(grid, plane.latitude, plane.longitude)
    guard let latitudes = try await corners(plane.latitude, grid),
      let longitudes = try await corners(plane.longitude, grid)
    else { return }
    let order = CornerOrder(ny: grid.ny, nx: grid.nx, latitudes: latitudes, longitudes: longitudes)
    grid.cornerLatitudes = order.apply(latitudes)
    grid.cornerLongitudes = order.apply(longitudes)
    let outside = BoundsCheck.outside(latitudes, grid.latitudes, corners: 4)
    if outside > 0 {
      reader.note(
        .warning, "\(plane.latitude.path):bounds",
        "\(outside) of \(grid.count) cells do not hold their centre")
    }
  }

  private func checkPlaces(_ grid: Grid, _ latitude: Scope.Entry, _ longitude: Scope.Entry) {
    let missing = zip(grid.latitudes, grid.longitudes).reduce(0) {
      $0 + ($1.0.isFinite && $1.1.isFinite ? 0 : 1)
    }
    if missing > 0 {
      reader.note(.warning, latitude.path, "\(missing) of \(grid.count) cells have no latitude or longitude")
    }
    if grid.latitudes.contains(where: { abs($0) > 90.001 }) {
      reader.note(.error, latitude.path, "there are latitudes beyond 90 degrees")
    }
  }

  private func corners(_ entry: Scope.Entry, _ grid: Grid) async throws -> [Double]? {
    guard let name = entry.text("bounds") else { return nil }
    guard let bounds = finding.scope.find(name, from: entry.group) else {
      reader.note(.error, "\(entry.path):bounds", "`bounds` names `\(name)`, which is not in the file")
      return nil
    }
    guard bounds.extents == [grid.ny, grid.nx, 4], bounds.type.isNumeric else {
      reader.note(
        .error, "\(entry.path):bounds",
        "the bounds `\(name)` have the shape \(bounds.extents), not [\(grid.ny), \(grid.nx), 4]; they are not used"
      )
      return nil
    }
    let values = try await reader.values(bounds, packedAs: entry)
    guard values.allSatisfy(\.isFinite) else {
      reader.note(.warning, bounds.path, "some corners are missing; the bounds are not used")
      return nil
    }
    return values
  }

  /// An axis that carries no place by itself: its coordinate when that is in order, else an index.
  private func rowAxis(_ entry: Scope.Entry?, _ name: String, _ count: Int) async throws -> Axis {
    guard let entry, entry.type.isNumeric, entry.extents == [count],
      try await reader.check(monotonic: reader.values(entry), entry, strictly: true)
    else { return .index(name, count) }
    return try await axis(entry, name, count)
  }

  /// The axis of a coordinate variable: numbers with bounds, or labels.
  func axis(_ entry: Scope.Entry, _ name: String, _ count: Int) async throws -> Axis {
    let kind = finding.kind(entry).axis
    if entry.isCharacters {
      var axis = Axis.index(name, count)
      let labels = try await reader.strings(entry)
      if labels.count == count { axis.labels = labels }
      (axis.kind, axis.standardName, axis.longName) = (.other, entry.standardName, entry.text("long_name"))
      return axis
    }
    let values = try await reader.values(entry)
    guard values.count == count else {
      throw GridError(
        "the coordinate `\(entry.name)` has \(values.count) values for \(count)", subject: entry.path)
    }
    var axis = Axis(
      name: entry.name, kind: kind, standardName: entry.standardName, longName: entry.text("long_name"),
      units: entry.text("units"), positive: entry.text("positive")?.lowercased(), values: values,
      bounds: try await reader.bounds(of: entry, count: count))
    if let bounds = axis.bounds {
      let centers = axis.values
      let aligned = kind == .longitude ? BoundsCheck.aligned(bounds, to: centers, corners: 2) : bounds
      axis.bounds = aligned
      let outside = BoundsCheck.outside(aligned, centers, corners: 2)
      if outside > 0 {
        reader.note(
          .warning, "\(entry.path):bounds", "\(outside) of \(count) values lie outside their bounds")
      }
    }
    if let text = entry.text("labels"), kind == .other {
      let labels = text.split(separator: text.contains(";") ? "; " : ", ").map(String.init)
      if labels.count == count { axis.labels = labels }
    }
    if axis.positive != "up", axis.positive != "down" { axis.positive = nil }
    if kind == .vertical, axis.standardName == nil, let units = axis.units,
      CoordinateKind.isAirPressure(units)
    {
      reader.note(
        .assumed, entry.path, "without a standard name; taken as air pressure by its units `\(units)`")
      axis.standardName = "air_pressure"
    }
    if kind == .vertical, axis.positive == nil, let units = axis.units, Units.areConvertible(units, "Pa"),
      units != "1"
    {
      axis.positive = "down"
    }
    return axis
  }
}

extension Grid {
  static func bare(_ rowName: String, _ ny: Int, _ columnName: String, _ nx: Int) -> Grid {
    Grid(kind: .bare, y: .index(rowName, ny), x: .index(columnName, nx))
  }
}
