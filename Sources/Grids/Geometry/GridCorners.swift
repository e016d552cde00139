#if canImport(Glibc)
  import Glibc
#endif

/// A place on the unit sphere.
package struct Vector: Sendable, Hashable {
  package var x, y, z: Double
  package init(_ x: Double, _ y: Double, _ z: Double) { (self.x, self.y, self.z) = (x, y, z) }
  package init(latitude: Double, longitude: Double) {
    let (lat, lon) = (latitude * Angle.degree, longitude * Angle.degree)
    self.init(cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat))
  }
  package var latitude: Double { atan2(z, (x * x + y * y).squareRoot()) / Angle.degree }
  package var longitude: Double { atan2(y, x) / Angle.degree }
  package var length: Double { (x * x + y * y + z * z).squareRoot() }
  package var unit: Vector { let l = length; return Vector(x / l, y / l, z / l) }
  package static func + (a: Vector, b: Vector) -> Vector { Vector(a.x + b.x, a.y + b.y, a.z + b.z) }
  package static func - (a: Vector, b: Vector) -> Vector { Vector(a.x - b.x, a.y - b.y, a.z - b.z) }
  package static func * (s: Double, a: Vector) -> Vector { Vector(s * a.x, s * a.y, s * a.z) }
}

/// Corners of all cells, 4 a cell in the order of `Grid.cornerLatitudes`, in degrees.
public struct CellCorners: Sendable, Hashable {
  public var latitudes: [Double]
  public var longitudes: [Double]
}

extension Grid {
  /// The corners of all cells: those of the file when it has them, else constructed. Rectilinear: the edges of
  /// the axes. Rotated pole and projections with a known formula: the edges of the axes, transformed.
  /// Other grids: the mean of the four neighbouring centres on the sphere, extrapolated at the rim (and across
  /// the seam where the grid closes).
  /// - Throws: `GridError` when the grid has no places or no extent to construct corners from.
  public func corners() throws(GridError) -> CellCorners {
    if !isRectilinear, let latitudes = cornerLatitudes, let longitudes = cornerLongitudes,
      latitudes.count == 4 * count, longitudes.count == 4 * count
    {
      return CellCorners(latitudes: latitudes, longitudes: longitudes)
    }
    switch kind {
    case .regular, .gaussian:
      let rows = try rowEdges(), columns = try columnEdges()
      let south = ny < 2 || y.values[1] > y.values[0], west = nx < 2 || x.values[1] > x.values[0]
      return fill { j, i, k in
        let upper = k >= 2, right = k == 1 || k == 2
        return (
          upper == south ? rows.high[j] : rows.low[j], right == west ? columns.high[i] : columns.low[i]
        )
      }
    case .rotatedPole, .projected:
      if ny > 1, nx > 1, let projection = try projection(), places(agreeWith: projection) {
        let scale = projection.axisScale(y, x)
        let rows = y.givenCornerEdges() ?? y.orderedEdges(),
          columns = x.givenCornerEdges() ?? x.orderedEdges()
        return fill { j, i, k in
          projection.inverse(
            (k == 1 || k == 2 ? columns[i].1 : columns[i].0) * scale.x,
            (k >= 2 ? rows[j].1 : rows[j].0) * scale.y)
        }
      }
      return try cornersFromCenters()
    case .curvilinear: return try cornersFromCenters()
    case .points:
      throw GridError(
        "a list of places has no cells", subject: latitudeName, remedy: "use `nearest` or `bin`")
    case .bare: throw GridError("the grid has no latitude and longitude")
    }
  }

  /// Whether the 2-D coordinates are where the mapping puts them, within a quarter of a cell: there are files
  /// whose mapping speaks of another pole.
  func places(agreeWith projection: any MapProjection) -> Bool {
    guard ny > 1, nx > 1, latitudes.count == count, longitudes.count == count else { return true }
    let scale = projection.axisScale(y, x)
    for (j, i) in [(0, 0), (0, nx - 2), (ny - 1, 0), (ny - 1, nx - 2), (ny / 2, nx / 2 - 1)] {
      func given(_ j: Int, _ i: Int) -> Vector {
        Vector(latitude: latitudes[j * nx + i], longitude: longitudes[j * nx + i])
      }
      let place = projection.inverse(x.values[i] * scale.x, y.values[j] * scale.y)
      let off = (Vector(latitude: place.latitude, longitude: place.longitude) - given(j, i)).length
      let size = (given(j, i + 1) - given(j, i)).length
      if off > size / 4 { return false }
    }
    return true
  }

  private func fill(_ corner: (Int, Int, Int) -> (latitude: Double, longitude: Double)) -> CellCorners {
    var result = CellCorners(latitudes: [], longitudes: [])
    result.latitudes.reserveCapacity(4 * count)
    result.longitudes.reserveCapacity(4 * count)
    for j in 0..<ny {
      for i in 0..<nx {
        for k in 0..<4 {
          let place = corner(j, i, k)
          result.latitudes.append(place.latitude)
          result.longitudes.append(place.longitude)
        }
      }
    }
    return result
  }

  private func cornersFromCenters() throws(GridError) -> CellCorners {
    guard ny > 1, nx > 1, latitudes.count == count, longitudes.count == count else {
      throw GridError(
        "cell corners cannot be constructed for a grid of \(ny) x \(nx) cells", subject: latitudeName,
        remedy: "give bounds, or use `nearest`, `bilinear` or `bin`")
    }
    let closes = topology
    // Centres with a frame of one extrapolated cell around them.
    let width = nx + 2
    var centers = [Vector](repeating: Vector(.nan, .nan, .nan), count: (ny + 2) * width)
    func at(_ j: Int, _ i: Int) -> Int { (j + 1) * width + i + 1 }
    for j in 0..<ny {
      for i in 0..<nx {
        let index = j * nx + i
        centers[at(j, i)] = Vector(latitude: latitudes[index], longitude: longitudes[index])
      }
      if closes.isPeriodic {
        centers[at(j, -1)] = centers[at(j, closes.columns - 1)]
        centers[at(j, nx)] = centers[at(j, nx - closes.columns)]
      } else {
        centers[at(j, -1)] = (2 * centers[at(j, 0)] - centers[at(j, 1)]).unit
        centers[at(j, nx)] = (2 * centers[at(j, nx - 1)] - centers[at(j, nx - 2)]).unit
      }
    }
    for i in -1...nx {
      centers[at(-1, i)] = (2 * centers[at(0, i)] - centers[at(1, i)]).unit
      centers[at(ny, i)] = (2 * centers[at(ny - 1, i)] - centers[at(ny - 2, i)]).unit
    }
    // Corner (j, i) is the one before cell (j, i) in both directions.
    var corners = [Vector]()
    corners.reserveCapacity((ny + 1) * (nx + 1))
    for j in 0...ny {
      for i in 0...nx {
        let sum =
          centers[at(j - 1, i - 1)] + centers[at(j - 1, i)] + centers[at(j, i)] + centers[at(j, i - 1)]
        corners.append(sum.unit)
      }
    }
    return fill { j, i, k in
      let corner = corners[(j + (k >= 2 ? 1 : 0)) * (nx + 1) + i + (k == 1 || k == 2 ? 1 : 0)]
      return (corner.latitude, corner.longitude)
    }
  }

  /// Areas of all cells in steradians (times the square of the Earth's radius: square metres), row-major.
  /// Cells between meridians and parallels: the exact difference of sines. Others: the spherical excess of the
  /// polygon whose sides are great circles.
  public func cellAreas() throws(GridError) -> [Double] { try CellGeometry(self).areas() }
}

extension Axis {
  /// Both edges of each cell in the order of the axis.
  func orderedEdges() -> [(Double, Double)] {
    var edges = [Double](repeating: 0, count: count + 1)
    for k in 1..<count { edges[k] = 0.5 * (values[k - 1] + values[k]) }
    edges[0] = 1.5 * values[0] - 0.5 * values[1]
    edges[count] = 1.5 * values[count - 1] - 0.5 * values[count - 2]
    return (0..<count).map { (edges[$0], edges[$0 + 1]) }
  }

  func givenCornerEdges() -> [(Double, Double)]? {
    guard let bounds, bounds.count == 2 * count, count > 1, bounds.allSatisfy(\.isFinite) else { return nil }
    let rises = values[1] > values[0]
    return (0..<count).map {
      let (a, b) = (bounds[2 * $0], bounds[2 * $0 + 1])
      return (a < b) == rises ? (a, b) : (b, a)
    }
  }
}
