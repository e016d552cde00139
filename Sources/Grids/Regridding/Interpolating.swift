import Kernels

#if canImport(Glibc)
  import Glibc
#endif

/// A rectilinear source: both axes found by themselves.
struct RectilinearSource: Sendable {
  let rows: AxisLocator
  let columns: AxisLocator
  let nx: Int
  let grid: Grid

  init(_ grid: Grid, _ options: RegridOptions = .init()) {
    let topology = grid.topology
    // Beyond the last row of a grid that closes in longitude there is a rule of its own.
    rows = AxisLocator(
      grid.y.values, count: grid.ny, isLongitude: false, isPeriodic: false,
      holdsEdges: options.holdsEdges && !topology.isPeriodic)
    columns = AxisLocator(
      grid.x.values, count: topology.columns, isLongitude: true, isPeriodic: topology.isPeriodic,
      holdsEdges: options.holdsEdges)
    nx = grid.nx
    self.grid = grid
  }

  /// True when the latitude lies beyond the last row of a grid that closes in longitude.
  func isPolar(_ latitude: Double) -> Bool {
    columns.isPeriodic && latitude.isFinite && rows.locate(latitude) == nil
  }

  /// The four nearest centres of the outermost row, weighted by the inverse of their distance.
  func polar(_ latitude: Double, _ longitude: Double) -> [(Int, Double)] {
    let row = rows.nearest(latitude)
    guard let (lower, upper, s) = columns.locate(longitude) else { return [] }
    var chosen = [lower]
    if upper != lower { chosen.append(upper) }
    // The two beyond; of a tie between three and four columns all are taken once.
    for next in [columns.before(lower), columns.after(upper)] {
      if let next, !chosen.contains(next) { chosen.append(next) }
    }
    if s == 0, let further = columns.before(lower).flatMap(columns.before), chosen.count == 4 {
      // At a centre the fourth is as near on either side: the lower index.
      let other = columns.after(upper) ?? upper
      chosen.removeAll { $0 == other }
      chosen.append(min(further, other))
    }
    let place = Vector(latitude: latitude, longitude: longitude)
    var terms: [(Int, Double)] = []
    var sum = 0.0
    for column in chosen.sorted() {
      let center = grid.center(row, column)
      let distance = place.angle(Vector(latitude: center.latitude, longitude: center.longitude))
      let weight = 1 / (distance + 1e-20)
      terms.append((row * nx + column, weight))
      sum += weight
    }
    return terms.map { ($0.0, $0.1 / sum) }
  }

  func stencil(_ latitude: Double, _ longitude: Double, cubic: Bool) -> [(Int, Double)] {
    if isPolar(latitude) { return polar(latitude, longitude) }
    guard let down = cubic ? rows.cubic(latitude) : rows.linear(latitude),
      let across = cubic ? columns.cubic(longitude) : columns.linear(longitude)
    else { return [] }
    return down.flatMap { row in across.map { (row.0 * nx + $0.0, row.1 * $0.1) } }
  }
}

extension Vector {
  /// The angle between two unit vectors, in radians.
  func angle(_ other: Vector) -> Double {
    let c = Vector(y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
    return atan2(c.length, x * other.x + y * other.y + z * other.z)
  }
}

extension RegridWeights {
  static func interpolating(
    _ source: Grid, _ target: Grid, _ method: RegridMethod, _ options: RegridOptions
  ) throws(GridError) -> RegridWeights {
    let cubic = method == .bicubic
    if source.sharesAxes(with: target) { return onSharedAxes(source, target, method, options) }
    if source.isRectilinear {
      let locator = RectilinearSource(source, options)
      if target.isRectilinear {
        return try separable(locator, target, method)
      }
      let parts = Parallel.map(target.count, chunk: 4096) { range in
        var part = SparseBuilder()
        for cell in range {
          let place = target.center(cell / target.nx, cell % target.nx)
          part.append(locator.stencil(place.latitude, place.longitude, cubic: cubic))
        }
        return part
      }
      return RegridWeights(
        method, from: source, to: target, sparse: try SparseBuilder.join(parts, source, target))
    }
    return try quadrilaterals(source, target, method)
  }

  private static func separable(
    _ locator: RectilinearSource, _ target: Grid, _ method: RegridMethod
  ) throws(GridError) -> RegridWeights {
    let cubic = method == .bicubic
    var rows = AxisWeights(), columns = AxisWeights()
    for latitude in target.y.values {
      rows.append((cubic ? locator.rows.cubic(latitude) : locator.rows.linear(latitude)) ?? [])
    }
    for longitude in target.x.values {
      columns.append((cubic ? locator.columns.cubic(longitude) : locator.columns.linear(longitude)) ?? [])
    }
    var sparse: SparseWeights?
    if target.y.values.contains(where: locator.isPolar) {
      var part = SparseBuilder()
      for latitude in target.y.values {
        let polar = locator.isPolar(latitude)
        for longitude in target.x.values { part.append(polar ? locator.polar(latitude, longitude) : []) }
      }
      sparse = try SparseBuilder.join([part], locator.grid, target)
    }
    return RegridWeights(
      method, from: locator.grid, to: target, separable: SeparableWeights(rows: rows, columns: columns),
      sparse: sparse)
  }

  /// Between axes of the same rotated pole or projection.
  private static func onSharedAxes(
    _ source: Grid, _ target: Grid, _ method: RegridMethod, _ options: RegridOptions
  ) -> RegridWeights {
    func weights(_ from: Axis, _ to: Axis) -> AxisWeights {
      let locator = AxisLocator(
        from.values, count: from.count, isLongitude: false, isPeriodic: false, holdsEdges: options.holdsEdges)
      var result = AxisWeights()
      for value in to.values {
        result.append((method == .bicubic ? locator.cubic(value) : locator.linear(value)) ?? [])
      }
      return result
    }
    return RegridWeights(
      method, from: source, to: target,
      separable: SeparableWeights(rows: weights(source.y, target.y), columns: weights(source.x, target.x)))
  }

  /// From a logically rectangular source by its 2-D centres.
  private static func quadrilaterals(
    _ source: Grid, _ target: Grid, _ method: RegridMethod
  ) throws(GridError) -> RegridWeights {
    let topology = source.topology
    let dual = try DualTree(source)
    let places = target.centers()
    let down = AxisLocator(
      (0..<source.ny).map(Double.init), count: source.ny, isLongitude: false, isPeriodic: false)
    let across = AxisLocator(
      (0..<topology.columns).map(Double.init), count: topology.columns, isLongitude: false,
      isPeriodic: topology.isPeriodic)
    let cubic = method == .bicubic
    let nx = source.nx
    let parts = Parallel.map(target.count, chunk: 4096) { range in
      var part = SparseBuilder()
      let found = dual.locate(places.latitudes, places.longitudes, range)
      for k in 0..<range.count {
        let cell = Int(found.cell[k])
        guard cell >= 0 else {
          part.append([])
          continue
        }
        let (j, i) = (cell / nx, cell % nx)
        let s = snap(found.s[k]), t = snap(found.t[k])
        let east = i + 1 == topology.columns ? 0 : i + 1
        let rows = cubic ? down.cubic(j, j + 1, t) : AxisLocator.linear(j, j + 1, t)
        let columns = cubic ? across.cubic(i, east, s) : AxisLocator.linear(i, east, s)
        part.append(rows.flatMap { row in columns.map { (row.0 * nx + $0.0, row.1 * $0.1) } })
      }
      return part
    }
    return RegridWeights(
      method, from: source, to: target, sparse: try SparseBuilder.join(parts, source, target))
  }

  private static func snap(_ fraction: Double) -> Double {
    fraction < 1e-9 ? 0 : fraction > 1 - 1e-9 ? 1 : fraction
  }
}

/// The quadrilaterals between centres, with the tree that finds them.
@safe final class DualTree: @unchecked Sendable {
  private let centers: [Double]
  private let latitudes: [Double]
  private let longitudes: [Double]
  private let ny: Int32
  private let nx: Int32
  private let columns: Int32
  private let periodic: Int32
  // Made once, freed in `deinit`, only read between.
  private let tree: OpaquePointer

  init(_ grid: Grid) throws(GridError) {
    let topology = grid.topology
    guard grid.ny > 1, topology.columns > 1 else {
      throw GridError(
        "interpolation needs at least 2 x 2 source cells, found \(grid.ny) x \(grid.nx)",
        subject: grid.x.name,
        remedy: "use `nearest`")
    }
    centers = try grid.centerVectors()
    (latitudes, longitudes) = (grid.latitudes, grid.longitudes)
    (ny, nx) = (Int32(grid.ny), Int32(grid.nx))
    columns = Int32(topology.columns)
    periodic = topology.isPeriodic ? 1 : 0
    guard let tree = unsafe isotach_cell_tree_make_dual(centers, ny, nx, columns, periodic) else {
      throw GridError("no memory for the search tree of \(grid.count) cells")
    }
    unsafe self.tree = tree
  }

  deinit { unsafe isotach_cell_tree_free(tree) }

  func locate(
    _ targetLatitudes: [Double], _ targetLongitudes: [Double], _ range: Range<Int>
  ) -> (cell: [Int32], s: [Double], t: [Double]) {
    var cell = [Int32](repeating: -1, count: range.count)
    var s = [Double](repeating: 0, count: range.count)
    var t = s
    unsafe isotach_locate(
      tree, latitudes, longitudes, centers, ny, nx, columns, periodic, targetLatitudes, targetLongitudes,
      Int64(range.lowerBound), Int64(range.upperBound), &cell, &s, &t)
    return (cell, s, t)
  }
}

extension Grid {
  /// The centres of all cells, row-major, whatever the kind.
  func centers() -> (latitudes: [Double], longitudes: [Double]) {
    if !isRectilinear { return (latitudes, longitudes) }
    return (
      y.values.flatMap { Array(repeating: $0, count: nx) },
      (0..<ny).flatMap { _ in x.values }
    )
  }
}
