import GridFiles

public enum RegridMethod: String, Sendable, CaseIterable {
  case nearest, bilinear, bicubic, conservative
  /// The mean of all source centres that fall into the target cell; the only method from `points` beside `nearest`.
  case bin
}

/// The sparse matrix that carries a field from one grid to another: for each target cell, source cells and
/// their weights. Rows are normalised by the caller's choice when they are applied to masked fields.
///
/// Between rectilinear grids most methods are the product of weights along the rows and along the columns,
/// which is what is stored; target rows beyond the last row of a source that closes in longitude have entries
/// of the matrix instead.
public struct RegridWeights: Sendable {
  public let method: RegridMethod
  public let sourceShape: (ny: Int, nx: Int)
  public let targetShape: (ny: Int, nx: Int)
  package let separable: SeparableWeights?
  package let sparse: SparseWeights?

  init(
    _ method: RegridMethod, from source: Grid, to target: Grid, separable: SeparableWeights? = nil,
    sparse: SparseWeights? = nil
  ) {
    self.method = method
    sourceShape = (source.ny, source.nx)
    targetShape = (target.ny, target.nx)
    (self.separable, self.sparse) = (separable, sparse)
  }

  /// Bytes that the weights take.
  public var bytes: Int {
    (sparse.map { $0.starts.count * 4 + $0.sources.count * 12 } ?? 0)
      + (separable.map { ($0.rows.weights.count + $0.columns.weights.count) * 12 } ?? 0)
  }
}

/// weight(target (j, i), source (r, c)) = rows(j, r) * columns(i, c).
package struct SeparableWeights: Sendable, Hashable {
  package let rows: AxisWeights
  package let columns: AxisWeights
}

/// Rows of the matrix one after the other.
package struct SparseWeights: Sendable, Hashable {
  /// Target cell t has entries `starts[t] ..< starts[t+1]`.
  package let starts: [Int32]
  package let sources: [Int32]
  package let weights: [Double]
  /// For each row of target cells the source rows that it needs: first, and one past the last (0, 0: none).
  package let rowSpans: [Int32]
}

/// What beside the method decides the weights.
public struct RegridOptions: Sendable, Hashable {
  /// Great circle distance in kilometres (radius 6371 km) beyond which `nearest` finds nothing.
  public var maximalDistance: Double?
  /// Fill targets that no source cell reaches (outside the source grid) with the nearest source cell.
  public var extrapolates = false
  /// `bilinear`, `bicubic` from axes: the outer halves of the outermost cells belong to the source too, with the
  /// value on the line of their centres.
  public var holdsEdges = false
  public init(maximalDistance: Double? = nil, extrapolates: Bool = false, holdsEdges: Bool = false) {
    (self.maximalDistance, self.extrapolates) = (maximalDistance, extrapolates)
    self.holdsEdges = holdsEdges
  }
}

extension RegridWeights {
  /// Computes the weights.
  /// - `nearest`: the source centre with the least great circle distance (the lowest index of equals).
  /// - `bilinear`: the bilinear map of the four surrounding centres in longitude and latitude, as SCRIP does
  ///   (Jones 1999); for the cell around a pole of a curvilinear grid on the tangent plane. Poleward of the last
  ///   row of a rectilinear grid that closes in longitude: the four nearest centres of that row by inverse
  ///   distance, as SCRIP does. Between grids on axes of the same rotated pole or projection: in those axes.
  /// - `bicubic`: 4 x 4 centres, the cubic with central differences as gradients along each direction.
  /// - `conservative`: shared area over target area. Sides of rectilinear cells are meridians and parallels,
  ///   all others great circles; both are clipped exactly.
  /// - `bin`: the mean of the source centres inside the target cell.
  /// - Throws: `GridError` when a grid has no places or cells, or there are more than 2^31 entries.
  public static func compute(
    from source: Grid, to target: Grid, method: RegridMethod, options: RegridOptions = .init()
  ) throws(GridError) -> RegridWeights {
    for grid in [source, target] {
      try grid.checkIndexable()
      guard grid.kind != .bare else {
        throw GridError(
          "a grid without latitude and longitude cannot be regridded", subject: grid.x.name,
          remedy: "give `coordinates:` or `grid:` in the input")
      }
      guard grid.count > 0 else { throw GridError("the grid has no cells", subject: grid.x.name) }
      try grid.checkAxes()
    }
    if source.kind == .points, method != .nearest, method != .bin {
      throw GridError(
        "`\(method.rawValue)` needs a source with rows and columns", subject: source.latitudeName,
        remedy: "use `nearest` or `bin`")
    }
    let source = try source.withComputedCenters(), target = try target.withComputedCenters()
    let weights: RegridWeights
    switch method {
    case .nearest: weights = try nearest(source, target, options)
    case .bilinear, .bicubic: weights = try interpolating(source, target, method, options)
    case .conservative: weights = try conservative(source, target)
    case .bin: weights = try bin(source, target)
    }
    guard options.extrapolates, method != .nearest else { return weights }
    return try weights.extrapolated(source, target, options)
  }
}

/// Rows of a matrix on their way to `SparseWeights`.
struct SparseBuilder: Sendable {
  var counts: [Int32] = []
  var sources: [Int32] = []
  var weights: [Double] = []

  mutating func append(_ entries: [(Int, Double)]) {
    for (source, weight) in entries {
      sources.append(Int32(truncatingIfNeeded: source))
      weights.append(weight)
    }
    counts.append(Int32(truncatingIfNeeded: entries.count))
  }

  /// - Throws: when the entries are more than 32 bits count.
  static func join(_ parts: [SparseBuilder], _ source: Grid, _ target: Grid) throws(GridError)
    -> SparseWeights
  {
    let total = parts.reduce(0) { $0 + $1.sources.count }
    guard total < Int(Int32.max) else {
      throw GridError(
        "\(total) weights are more than \(Int32.max)", remedy: "select a region, or coarsen the input first")
    }
    var starts: [Int32] = [0], sources: [Int32] = [], weights: [Double] = []
    starts.reserveCapacity(target.count + 1)
    sources.reserveCapacity(total)
    weights.reserveCapacity(total)
    var end: Int32 = 0
    for part in parts {
      for count in part.counts {
        end += count
        starts.append(end)
      }
      sources += part.sources
      weights += part.weights
    }
    return SparseWeights(
      starts: starts, sources: sources, weights: weights, nx: source.nx, targetNX: target.nx)
  }
}

extension SparseWeights {
  init(starts: [Int32], sources: [Int32], weights: [Double], nx: Int, targetNX: Int) {
    (self.starts, self.sources, self.weights) = (starts, sources, weights)
    var spans: [Int32] = []
    let rows = (starts.count - 1) / max(1, targetNX)
    for j in 0..<rows {
      var least = Int32.max, most = Int32.min
      for e in Int(starts[j * targetNX])..<Int(starts[(j + 1) * targetNX]) {
        least = min(least, sources[e])
        most = max(most, sources[e])
      }
      let width = Int32(truncatingIfNeeded: nx)
      spans += least <= most ? [least / width, most / width + 1] : [0, 0]
    }
    rowSpans = spans
  }
}
