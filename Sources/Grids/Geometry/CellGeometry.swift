#if canImport(Glibc)
  import Glibc
#endif
import Kernels

/// The cells of a grid as the kernels want them: edges of rectilinear cells, or corners of quadrilaterals,
/// made anticlockwise.
@safe package final class CellGeometry: @unchecked Sendable {
  package let ny: Int
  package let nx: Int
  package let columns: Int
  package let isRectilinear: Bool
  // Never changed after `init`.
  private let rowEdges: [Double]
  private let columnEdges: [Double]
  private let corners: [Double]

  package init(_ grid: Grid) throws(GridError) {
    try grid.checkIndexable()
    (ny, nx) = (grid.ny, grid.nx)
    columns = grid.topology.columns
    isRectilinear = grid.isRectilinear
    if grid.isRectilinear {
      let rows = try grid.rowEdges(), across = try grid.columnEdges()
      rowEdges = (0..<ny).flatMap { [rows.low[$0] * Angle.degree, rows.high[$0] * Angle.degree] }
      columnEdges = (0..<nx).flatMap { [across.low[$0] * Angle.degree, across.high[$0] * Angle.degree] }
      corners = []
    } else {
      let places = try grid.corners()
      var numbers = [Double]()
      numbers.reserveCapacity(12 * grid.count)
      for cell in 0..<grid.count {
        var p = (0..<4).map {
          Vector(latitude: places.latitudes[4 * cell + $0], longitude: places.longitudes[4 * cell + $0])
        }
        // A corner that lacks takes the whole cell.
        if p.contains(where: { !($0.x.isFinite && $0.y.isFinite && $0.z.isFinite) }) {
          p = Array(repeating: Vector(.nan, .nan, .nan), count: 4)
        }
        // Cross product of the diagonals against the place: positive when anticlockwise.
        let d = p[2] - p[0], e = p[3] - p[1], m = p[0] + p[1] + p[2] + p[3]
        let turn =
          m.x * (d.y * e.z - d.z * e.y) + m.y * (d.z * e.x - d.x * e.z) + m.z * (d.x * e.y - d.y * e.x)
        if turn < 0 { p.reverse() }
        for v in p {
          numbers.append(v.x)
          numbers.append(v.y)
          numbers.append(v.z)
        }
      }
      corners = numbers
      rowEdges = []
      columnEdges = []
    }
  }

  package func withCells<Result>(_ body: (UnsafePointer<isotach_cells>) -> Result) -> Result {
    unsafe rowEdges.withUnsafeBufferPointer { rows in
      unsafe columnEdges.withUnsafeBufferPointer { across in
        unsafe corners.withUnsafeBufferPointer { corners in
          var cells = unsafe isotach_cells(
            ny: Int32(ny), nx: Int32(nx), columns: Int32(columns),
            latitude_edges: isRectilinear ? rows.baseAddress : nil,
            longitude_edges: isRectilinear ? across.baseAddress : nil,
            corners: isRectilinear ? nil : corners.baseAddress)
          return unsafe body(&cells)
        }
      }
    }
  }

  func areas() -> [Double] {
    guard isRectilinear else {
      return withCells { cells in (0..<ny * nx).map { unsafe isotach_cell_area(cells, Int64($0)) } }
    }
    // As the kernel does it, with the sine of a row's band taken once.
    var result: [Double] = []
    result.reserveCapacity(ny * nx)
    for j in 0..<ny {
      let (south, north) = (rowEdges[2 * j], rowEdges[2 * j + 1])
      let band = 2 * cos(0.5 * (south + north)) * sin(0.5 * (north - south))
      for i in 0..<nx { result.append(band * (columnEdges[2 * i + 1] - columnEdges[2 * i])) }
    }
    return result
  }
}

extension Grid {
  /// - Throws: when the grid has more cells than a 32-bit index counts.
  func checkIndexable() throws(GridError) {
    let (product, overflow) = ny.multipliedReportingOverflow(by: nx)
    guard !overflow, product < Int(Int32.max) else {
      throw GridError(
        "a grid of \(ny) x \(nx) cells is too large to regrid: at most \(Int32.max) cells",
        remedy: "select a region first")
    }
  }

  /// Centres as x, y, z on the unit sphere, 3 a cell.
  func centerVectors() throws(GridError) -> [Double] {
    guard isRectilinear || (latitudes.count == count && longitudes.count == count) else {
      throw GridError("the grid has no latitude and longitude for its cells", subject: latitudeName)
    }
    var result = [Double]()
    result.reserveCapacity(3 * count)
    for j in 0..<ny {
      for i in 0..<nx {
        let place = center(j, i)
        let v = Vector(latitude: place.latitude, longitude: place.longitude)
        let known = v.x.isFinite && v.y.isFinite && v.z.isFinite
        result.append(known ? v.x : .nan)
        result.append(known ? v.y : .nan)
        result.append(known ? v.z : .nan)
      }
    }
    return result
  }
}
