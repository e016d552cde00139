import Grids

/// The cells of a grid as detectors see them: places on the sphere, neighbours, areas. The date line is no edge of a
/// grid that closes in longitude; the rows next to the poles have no neighbours beyond them.
struct SphereCells: Sendable {
  /// The Earth's radius in km, the same that `derive` uses.
  static let radius = 6371.229
  let rows: Int
  /// Of the field.
  let width: Int
  /// Before they repeat.
  let columns: Int
  let isPeriodic: Bool
  let isRectilinear: Bool
  /// Sines and cosines by row and column of a rectilinear grid, by cell of others.
  private let sinLatitude: [Double]
  private let cosLatitude: [Double]
  private let sinLongitude: [Double]
  private let cosLongitude: [Double]
  private let latitudes: [Double]
  private let longitudes: [Double]
  private let areas: LazyAreas

  init(_ grid: Grid) {
    let topology = grid.topology
    (rows, width, columns, isPeriodic) = (grid.ny, grid.nx, topology.columns, topology.isPeriodic)
    isRectilinear = grid.isRectilinear
    latitudes = grid.isRectilinear ? grid.y.values : grid.latitudes
    longitudes = grid.isRectilinear ? grid.x.values : grid.longitudes
    sinLatitude = latitudes.map { System.sin($0 * .pi / 180) }
    cosLatitude = latitudes.map { System.cos($0 * .pi / 180) }
    sinLongitude = longitudes.map { System.sin($0 * .pi / 180) }
    cosLongitude = longitudes.map { System.cos($0 * .pi / 180) }
    areas = LazyAreas(grid)
  }

  /// What is wrong with a grid for this; nil: nothing.
  static func fault(_ grid: Grid) -> String? {
    if grid.kind == .bare { return "its cells have no latitude and longitude" }
    if grid.kind == .points { return "its places have no neighbours" }
    guard grid.isRectilinear || (grid.latitudes.count == grid.count && grid.longitudes.count == grid.count)
    else {
      return "its cells have no latitude and longitude"
    }
    return nil
  }

  var count: Int { rows * width }
  func isRepeat(_ cell: Int) -> Bool { cell % width >= columns }

  func place(_ cell: Int) -> (latitude: Double, longitude: Double) {
    isRectilinear ? (latitudes[cell / width], longitudes[cell % width]) : (latitudes[cell], longitudes[cell])
  }

  /// On the unit sphere.
  func vector(_ cell: Int) -> SIMD3<Double> {
    let (j, i) = isRectilinear ? (cell / width, cell % width) : (cell, cell)
    return SIMD3(cosLatitude[j] * cosLongitude[i], cosLatitude[j] * sinLongitude[i], sinLatitude[j])
  }

  func distance(_ a: Int, _ b: Int) -> Double { Sphere.distance(vector(a), vector(b)) }

  /// South, north, west and the degrees from west to east, of the centres with half a cell around.
  var extent: (south: Double, north: Double, west: Double, width: Double) {
    let known = latitudes.filter(\.isFinite), across = longitudes.filter(\.isFinite)
    let (low, high) = (known.min() ?? 0, known.max() ?? 0)
    let (first, last) = (across.min() ?? 0, across.max() ?? 0)
    let y = rows > 1 ? (high - low) / Double(rows - 1) / 2 : 0
    let x = columns > 1 ? (last - first) / Double(columns - 1) / 2 : 0
    return (low - y, high + y, first - x, last - first + 2 * x)
  }

  /// In km2.
  func cellAreas() throws(StageError) -> [Double] {
    do throws(GridError) {
      let square = Self.radius * Self.radius
      return try areas.values().map { $0 * square }
    } catch {
      throw StageError("the areas of the cells: \(error.cause)", subject: error.subject, remedy: error.remedy)
    }
  }

  /// Calls `body` with each neighbour: 4 or 8 of them, fewer at an edge.
  @inline(__always)
  func forNeighbours(of cell: Int, diagonal: Bool, _ body: (Int) -> Void) {
    let (j, i) = (cell / width, cell % width)
    let west = i > 0 ? i - 1 : isPeriodic ? columns - 1 : -1
    let east = i + 1 < columns ? i + 1 : isPeriodic ? 0 : -1
    if j > 0 {
      let row = (j - 1) * width
      if diagonal, west >= 0 { body(row + west) }
      body(row + i)
      if diagonal, east >= 0 { body(row + east) }
    }
    if west >= 0 { body(j * width + west) }
    if east >= 0 { body(j * width + east) }
    if j + 1 < rows {
      let row = (j + 1) * width
      if diagonal, west >= 0 { body(row + west) }
      body(row + i)
      if diagonal, east >= 0 { body(row + east) }
    }
  }

  /// The cells within a great-circle distance that are joined to the centre through such cells, nearest rings first.
  func within(_ kilometres: Double, of centre: Int, diagonal: Bool, _ visited: inout VisitedCells) -> [Int] {
    visited.begin()
    let middle = vector(centre)
    let limit = Sphere.chordSquare(kilometres)
    var cells = [centre]
    visited.insert(centre)
    guard kilometres > 0 else { return cells }
    var next = 0
    while next < cells.count {
      forNeighbours(of: cells[next], diagonal: diagonal) { neighbour in
        guard visited.insert(neighbour) else { return }
        let d = vector(neighbour) - middle
        if (d * d).sum() <= limit { cells.append(neighbour) }
      }
      next += 1
    }
    return cells
  }
}

/// Which cells a search has seen; a new search costs nothing.
struct VisitedCells {
  private var stamps: [UInt32]
  private var stamp: UInt32 = 0
  init(_ count: Int) { stamps = [UInt32](repeating: 0, count: count) }
  mutating func begin() {
    if stamp == .max {
      for index in stamps.indices { stamps[index] = 0 }
      stamp = 0
    }
    stamp += 1
  }
  /// False when it was seen before.
  @discardableResult
  mutating func insert(_ cell: Int) -> Bool {
    if stamps[cell] == stamp { return false }
    stamps[cell] = stamp
    return true
  }
}

/// Distances on the sphere.
enum Sphere {
  static func vector(_ latitude: Double, _ longitude: Double) -> SIMD3<Double> {
    let (y, x) = (latitude * .pi / 180, longitude * .pi / 180)
    return SIMD3(System.cos(y) * System.cos(x), System.cos(y) * System.sin(x), System.sin(y))
  }

  /// Great-circle distance in km; the half chord keeps its digits for near places.
  static func distance(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
    let d = a - b
    return 2 * SphereCells.radius * System.asin(min(1, (d * d).sum().squareRoot() / 2))
  }

  static func distance(_ a: (latitude: Double, longitude: Double), _ b: (latitude: Double, longitude: Double))
    -> Double
  {
    distance(vector(a.latitude, a.longitude), vector(b.latitude, b.longitude))
  }

  /// The square of the chord of a great-circle distance in km.
  static func chordSquare(_ kilometres: Double) -> Double {
    let half = System.sin(min(.pi, max(0, kilometres) / SphereCells.radius) / 2)
    // A little more, so that a cell at the very distance is within.
    return 4 * half * half * (1 + 1e-12)
  }

  static func place(_ v: SIMD3<Double>) -> (latitude: Double, longitude: Double) {
    let degree = 180 / Double.pi
    return (
      System.atan2(v.z, (v.x * v.x + v.y * v.y).squareRoot()) * degree, System.atan2(v.y, v.x) * degree
    )
  }

  /// A longitude on the turn that begins at `west`.
  static func longitude(_ longitude: Double, from west: Double) -> Double {
    var x = (longitude - west).truncatingRemainder(dividingBy: 360)
    if x < 0 { x += 360 }
    return west + (x >= 360 ? 0 : x)
  }
}
