/// How the columns of a grid close around the Earth.
public struct GridTopology: Sendable, Hashable {
  /// True when the last column and the first are neighbours.
  public let isPeriodic: Bool
  /// Columns before they repeat: less than `nx` where a file runs past 360 degrees (ETOPO) or repeats
  /// columns of a tripolar ocean grid.
  public let columns: Int
}

extension Grid {
  /// Whether the grid closes in longitude, and with how many columns.
  ///
  /// Rectilinear: from the centres; closed when the gap that is left is no wider than 1.2 steps. Other grids:
  /// when a middle row goes once around (the sum of its longitude steps, the closing one among them, is 360)
  /// and the closing step is like the others; one or two columns equal to the first ones are repeats.
  public var topology: GridTopology {
    guard nx > 2, kind != .bare, kind != .points else { return GridTopology(isPeriodic: false, columns: nx) }
    if isRectilinear { return rectilinearTopology }
    guard latitudes.count == count, longitudes.count == count, kind == .curvilinear else {
      return GridTopology(isPeriodic: false, columns: nx)
    }
    for repeated in [2, 1] where nx - repeated > 2 {
      let columns = nx - repeated
      let same = (0..<ny).allSatisfy { j in
        (0..<repeated).allSatisfy { k in
          let a = j * nx + k, b = j * nx + columns + k
          return abs(latitudes[a] - latitudes[b]) < 1e-3
            && (abs(Angle.wrap(longitudes[a] - longitudes[b])) < 1e-3 || abs(latitudes[a]) > 89.99)
        }
      }
      if same { return GridTopology(isPeriodic: true, columns: columns) }
    }
    for j in [ny / 2, ny / 4] {
      var sum = 0.0
      for i in 0..<nx {
        sum += Angle.wrap(longitudes[j * nx + (i + 1 == nx ? 0 : i + 1)] - longitudes[j * nx + i])
      }
      let closing = abs(Angle.wrap(longitudes[j * nx] - longitudes[j * nx + nx - 1]))
      if abs(abs(sum) - 360) < 1e-3, closing < 3 * 360 / Double(nx) {
        return GridTopology(isPeriodic: true, columns: nx)
      }
    }
    return GridTopology(isPeriodic: false, columns: nx)
  }

  private var rectilinearTopology: GridTopology {
    let values = x.values
    let step = abs(values[nx - 1] - values[0]) / Double(nx - 1)
    guard step > 0, step.isFinite else { return GridTopology(isPeriodic: false, columns: nx) }
    // The first column that is the first one again.
    if let columns = (1..<nx).first(where: { abs(abs(values[$0] - values[0]) - 360) < 0.01 * step }) {
      return GridTopology(isPeriodic: true, columns: columns)
    }
    let gap = 360 - abs(values[nx - 1] - values[0])
    var widest = 0.0
    for i in 1..<nx { widest = max(widest, abs(values[i] - values[i - 1])) }
    return GridTopology(isPeriodic: gap > 0 && gap < 1.2 * widest, columns: nx)
  }
}

/// Angles in degrees.
package enum Angle {
  package static let degree = Double.pi / 180

  /// Brought to -180 ... 180.
  package static func wrap(_ angle: Double) -> Double {
    let turned = angle.remainder(dividingBy: 360)
    return turned
  }
}
