import Grids
import Networks

#if canImport(Glibc)
  import Glibc
#endif

extension Grid {
  /// The size of the cells, as far as one number a side says it: steps of the axes in degrees or metres, of a
  /// curvilinear grid the distance of cells in its middle. Nil where there is no such thing.
  var spacing: CellSpacing? {
    guard ny > 1, nx > 1 else { return nil }
    func step(_ values: [Double]) -> Double {
      abs((values[values.count - 1] - values[0]) / Double(values.count - 1))
    }
    let (rows, columns) = (step(y.values), step(x.values))
    switch kind {
    case .regular, .gaussian, .rotatedPole: return Self.spacing(rows, columns, "degrees")
    case .projected:
      let factor = y.units == "km" ? 1000.0 : 1
      return Self.spacing(rows * factor, columns * factor, "m")
    case .curvilinear:
      let (j, i) = ((ny - 2) / 2, (nx - 2) / 2)
      return Self.spacing(
        Self.metres(center(j, i), center(j + 1, i)), Self.metres(center(j, i), center(j, i + 1)), "m")
    case .points, .bare: return nil
    }
  }

  private static func spacing(_ rows: Double, _ columns: Double, _ units: String) -> CellSpacing? {
    guard rows > 0, columns > 0, rows.isFinite, columns.isFinite else { return nil }
    return CellSpacing(rows: rows, columns: columns, units: units)
  }

  /// Along the great circle (haversine).
  private static func metres(
    _ a: (latitude: Double, longitude: Double), _ b: (latitude: Double, longitude: Double)
  ) -> Double {
    let radians = Double.pi / 180
    let (dy, dx) = ((b.latitude - a.latitude) * radians / 2, (b.longitude - a.longitude) * radians / 2)
    let h =
      sin(dy) * sin(dy) + cos(a.latitude * radians) * cos(b.latitude * radians) * sin(dx) * sin(dx)
    return 2 * 6_371_229 * asin(min(1, h.squareRoot()))
  }
}

extension CellSpacing {
  /// Within a twentieth: Gaussian rows and rounded coordinates are no other grid.
  func fits(_ other: CellSpacing) -> Bool {
    func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 0.05 * max(a, b) }
    return units == other.units && near(rows, other.rows) && near(columns, other.columns)
  }

  /// `0.11 x 0.11 degrees`.
  var title: String {
    func short(_ number: Double) -> String { ((number * 1e4).rounded() / 1e4).plain }
    return "\(short(rows)) x \(short(columns)) \(units)"
  }
}
