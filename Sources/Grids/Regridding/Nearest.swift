import Kernels

#if canImport(Glibc)
  import Glibc
#endif

extension RegridWeights {
  static func nearest(
    _ source: Grid, _ target: Grid, _ options: RegridOptions
  ) throws(GridError) -> RegridWeights {
    let found = try nearestCells(source, target, options)
    var starts: [Int32] = [0], sources: [Int32] = []
    for cell in found {
      if cell >= 0 { sources.append(cell) }
      starts.append(Int32(truncatingIfNeeded: sources.count))
    }
    return RegridWeights(
      .nearest, from: source, to: target,
      sparse: SparseWeights(
        starts: starts, sources: sources, weights: [Double](repeating: 1, count: sources.count),
        nx: source.nx,
        targetNX: target.nx))
  }

  /// For each target cell the nearest source cell, -1 when none is near enough.
  static func nearestCells(
    _ source: Grid, _ target: Grid, _ options: RegridOptions
  ) throws(GridError) -> [Int32] {
    let limit = options.squaredChord
    if source.isRectilinear {
      let locator = RectilinearSource(source)
      let parts = Parallel.map(target.count, chunk: 8192) { range in
        range.map { cell in
          locator.nearest(target.center(cell / target.nx, cell % target.nx), limit: limit)
        }
      }
      return parts.flatMap { $0 }
    }
    let tree = try PointTree(source.centerVectors())
    let places = try target.centerVectors()
    return Parallel.map(target.count, chunk: 8192) { tree.nearest(places, $0, limit: limit) }.flatMap { $0 }
  }

  /// The same weights, and the nearest source cell wherever there are none.
  func extrapolated(_ source: Grid, _ target: Grid, _ options: RegridOptions) throws(GridError)
    -> RegridWeights
  {
    let near = try RegridWeights.nearestCells(source, target, options)
    let expanded = self.expanded()
    var part = SparseBuilder()
    for cell in 0..<target.count {
      let entries = Int(expanded.starts[cell])..<Int(expanded.starts[cell + 1])
      if entries.isEmpty {
        part.append(near[cell] >= 0 ? [(Int(near[cell]), 1)] : [])
      } else {
        part.append(entries.map { (Int(expanded.sources[$0]), expanded.weights[$0]) })
      }
    }
    return RegridWeights(
      method, from: source, to: target, sparse: try SparseBuilder.join([part], source, target))
  }

  /// All weights as one sparse matrix.
  package func expanded() -> SparseWeights {
    guard let separable else {
      return sparse ?? SparseWeights(starts: [0], sources: [], weights: [], nx: 1, targetNX: 1)
    }
    var starts: [Int32] = [0], sources: [Int32] = [], weights: [Double] = []
    for j in 0..<targetShape.ny {
      let rows = Int(separable.rows.starts[j])..<Int(separable.rows.starts[j + 1])
      for i in 0..<targetShape.nx {
        let columns = Int(separable.columns.starts[i])..<Int(separable.columns.starts[i + 1])
        for r in rows {
          for c in columns {
            sources.append(
              separable.rows.sources[r] * Int32(truncatingIfNeeded: sourceShape.nx)
                + separable.columns.sources[c])
            weights.append(separable.rows.weights[r] * separable.columns.weights[c])
          }
        }
        if rows.isEmpty, let sparse {
          let cell = j * targetShape.nx + i
          for e in Int(sparse.starts[cell])..<Int(sparse.starts[cell + 1]) {
            sources.append(sparse.sources[e])
            weights.append(sparse.weights[e])
          }
        }
        starts.append(Int32(truncatingIfNeeded: sources.count))
      }
    }
    return SparseWeights(
      starts: starts, sources: sources, weights: weights, nx: sourceShape.nx, targetNX: targetShape.nx)
  }
}

extension RectilinearSource {
  /// The nearest column is nearest for every row; on its meridian the distance grows with that from the foot
  /// of the perpendicular, at latitude atan(tan(phi) / cos(delta lambda)).
  func nearest(_ place: (latitude: Double, longitude: Double), limit: Double) -> Int32 {
    guard place.latitude.isFinite, place.longitude.isFinite else { return -1 }
    let column = columns.nearest(place.longitude)
    let delta = (grid.x.values[column] - place.longitude) * Angle.degree
    let phi = place.latitude * Angle.degree
    let foot = delta == 0 ? place.latitude : atan2(sin(phi), cos(phi) * cos(delta)) / Angle.degree
    // Beyond a pole: the nearest row is the outermost.
    let row = rows.nearest(max(-90, min(90, foot)))
    let center = grid.center(row, column)
    let d =
      Vector(latitude: place.latitude, longitude: place.longitude)
      - Vector(latitude: center.latitude, longitude: center.longitude)
    guard d.length * d.length <= limit else { return -1 }
    return Int32(truncatingIfNeeded: row * nx + column)
  }
}

extension RegridOptions {
  /// The square of the chord that belongs to the greatest distance; without one, more than the diameter's.
  var squaredChord: Double {
    guard let maximalDistance else { return 4.1 }
    let chord = 2 * sin(min(Double.pi, maximalDistance / 6371) / 2)
    return chord * chord
  }
}

@safe final class PointTree: @unchecked Sendable {
  // Made once, freed in `deinit`, only read between.
  private let tree: OpaquePointer

  init(_ places: [Double]) throws(GridError) {
    guard let tree = unsafe isotach_point_tree_make(places, Int64(places.count / 3)) else {
      throw GridError("no memory for the search tree of \(places.count / 3) places")
    }
    unsafe self.tree = tree
  }
  deinit { unsafe isotach_point_tree_free(tree) }

  func nearest(_ places: [Double], _ range: Range<Int>, limit: Double) -> [Int32] {
    var found = [Int32](repeating: -1, count: range.count)
    unsafe isotach_nearest(tree, places, Int64(range.lowerBound), Int64(range.upperBound), limit, &found)
    return found
  }
}
