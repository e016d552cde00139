import Kernels

#if canImport(Glibc)
  import Glibc
#endif

extension RegridWeights {
  static func conservative(_ source: Grid, _ target: Grid) throws(GridError) -> RegridWeights {
    if source.isRectilinear, target.isRectilinear {
      let from = (try source.rowEdges(), try source.columnEdges())
      let to = (try target.rowEdges(), try target.columnEdges())
      // The area between two parallels is proportional to the difference of their sines.
      let rows = AxisWeights.shared(from.0, to.0) { a, b in
        2 * cos(0.5 * (a + b) * Angle.degree) * sin(0.5 * (b - a) * Angle.degree)
      }
      let columns = AxisWeights.turning(from.1, to.1, columns: source.topology.columns)
      return RegridWeights(
        .conservative, from: source, to: target, separable: SeparableWeights(rows: rows, columns: columns))
    }
    let cells = (try CellGeometry(source), try CellGeometry(target))
    let tree = try CellTree(cells.0)
    let parts = Parallel.map(target.count, chunk: 2048) { range in
      tree.conservative(cells.1, range)
    }
    var whole: [SparseBuilder] = []
    for part in parts {
      guard let part else { throw GridError("no memory for the weights of \(target.count) target cells") }
      whole.append(part)
    }
    return RegridWeights(
      .conservative, from: source, to: target, sparse: try SparseBuilder.join(whole, source, target))
  }

  static func bin(_ source: Grid, _ target: Grid) throws(GridError) -> RegridWeights {
    let places = source.centers()
    guard places.latitudes.count == source.count, places.longitudes.count == source.count else {
      throw GridError(
        "the source grid has no latitude and longitude for its cells", subject: source.latitudeName)
    }
    let columns = source.topology.columns
    let holders: [Int32]
    if target.isRectilinear {
      let rows = EdgeLocator(try target.rowEdges(), isLongitude: false)
      let across = EdgeLocator(try target.columnEdges(), isLongitude: true)
      let nx = target.nx
      holders = Parallel.map(source.count, chunk: 8192) { range in
        range.map { cell -> Int32 in
          guard let j = rows.holder(places.latitudes[cell]), let i = across.holder(places.longitudes[cell])
          else {
            return -1
          }
          return Int32(truncatingIfNeeded: j * nx + i)
        }
      }.flatMap { $0 }
    } else {
      let tree = try CellTree(CellGeometry(target))
      let vectors = try source.centerVectors()
      holders = Parallel.map(source.count, chunk: 8192) { tree.holders(vectors, $0) }.flatMap { $0 }
    }
    // Counting sort: the sources of each target in ascending order.
    var counts = [Int32](repeating: 0, count: target.count)
    for (cell, holder) in holders.enumerated() where holder >= 0 && cell % source.nx < columns {
      counts[Int(holder)] += 1
    }
    var starts: [Int32] = [0]
    starts.reserveCapacity(target.count + 1)
    var end: Int32 = 0
    for count in counts {
      end += count
      starts.append(end)
    }
    var next = Array(starts.dropLast())
    var sources = [Int32](repeating: 0, count: Int(end))
    var weights = [Double](repeating: 0, count: Int(end))
    for (cell, holder) in holders.enumerated() where holder >= 0 && cell % source.nx < columns {
      let at = Int(next[Int(holder)])
      next[Int(holder)] += 1
      sources[at] = Int32(truncatingIfNeeded: cell)
      weights[at] = 1 / Double(counts[Int(holder)])
    }
    return RegridWeights(
      .bin, from: source, to: target,
      sparse: SparseWeights(
        starts: starts, sources: sources, weights: weights, nx: source.nx, targetNX: target.nx))
  }
}

/// Finds the cell of an axis that holds a value: from its lower edge up to, not with, its upper one.
struct EdgeLocator: Sendable {
  private let order: [Int]
  private let low: [Double]
  private let high: [Double]
  private let isLongitude: Bool
  private let top: Double

  init(_ edges: AxisEdges, isLongitude: Bool) {
    order = edges.low.indices.sorted { edges.low[$0] < edges.low[$1] }
    low = order.map { edges.low[$0] }
    high = order.map { edges.high[$0] }
    self.isLongitude = isLongitude
    top = high.max() ?? 0
  }

  func holder(_ value: Double) -> Int? {
    guard value.isFinite, let first = low.first else { return nil }
    var v = value
    if isLongitude {
      v = first + (value - first).truncatingRemainder(dividingBy: 360)
      if v < first { v += 360 }
    }
    if v < first { return nil }
    var a = 0, b = low.count
    while b - a > 1 {
      let middle = (a + b) / 2
      if low[middle] <= v { a = middle } else { b = middle }
    }
    // The outermost edge itself belongs to the last cell.
    guard v < high[a] || (!isLongitude && v == top) else { return nil }
    return order[a]
  }
}

@safe final class CellTree: @unchecked Sendable {
  private let cells: CellGeometry
  // Made once, freed in `deinit`, only read between.
  private let tree: OpaquePointer

  init(_ cells: CellGeometry) throws(GridError) {
    self.cells = cells
    guard let tree = unsafe cells.withCells({ unsafe isotach_cell_tree_make($0) }) else {
      throw GridError("no memory for the search tree of \(cells.ny) x \(cells.nx) cells")
    }
    unsafe self.tree = tree
  }
  deinit { unsafe isotach_cell_tree_free(tree) }

  /// The weights of a range of target cells; nil when there is no memory.
  func conservative(_ target: CellGeometry, _ range: Range<Int>) -> SparseBuilder? {
    var part = SparseBuilder()
    part.counts = [Int32](repeating: 0, count: range.count)
    var entries = unsafe isotach_entries()
    defer { unsafe isotach_entries_free(&entries) }
    let status = cells.withCells { source in
      target.withCells { target in
        unsafe isotach_conservative_rows(
          source, tree, target, Int64(range.lowerBound), Int64(range.upperBound), &part.counts, &entries)
      }
    }
    guard status == 0 else { return nil }
    let count = Int(unsafe entries.count)
    part.sources = unsafe Array(UnsafeBufferPointer(start: entries.sources, count: count))
    part.weights = unsafe Array(UnsafeBufferPointer(start: entries.weights, count: count))
    return part
  }

  func holders(_ places: [Double], _ range: Range<Int>) -> [Int32] {
    var found = [Int32](repeating: -1, count: range.count)
    cells.withCells { cells in
      unsafe isotach_containing_cell(
        cells, tree, places, Int64(range.lowerBound), Int64(range.upperBound), &found)
    }
    return found
  }
}

extension AxisWeights {
  /// Shares of intervals: `measure` gives the size of the part from a to b.
  static func shared(_ from: AxisEdges, _ to: AxisEdges, _ measure: (Double, Double) -> Double) -> AxisWeights
  {
    var result = AxisWeights()
    let order = from.low.indices.sorted { from.low[$0] < from.low[$1] }
    for k in to.low.indices {
      let whole = measure(to.low[k], to.high[k])
      var entries: [(Int, Double)] = []
      if whole > 0 {
        var first = order.partitioningIndex { from.high[$0] > to.low[k] }
        while first < order.count, from.low[order[first]] < to.high[k] {
          let s = order[first]
          let part = measure(max(from.low[s], to.low[k]), min(from.high[s], to.high[k]))
          if part > 1e-12 * whole { entries.append((s, part / whole)) }
          first += 1
        }
      }
      result.append(entries.sorted { $0.0 < $1.0 })
    }
    return result
  }

  /// The same on a circle of 360 degrees; source columns beyond `columns` repeat the first ones.
  static func turning(_ from: AxisEdges, _ to: AxisEdges, columns: Int) -> AxisWeights {
    // Every source interval on three turns, so that a target meets each of its parts once.
    guard let origin = to.low.min() else { return AxisWeights() }
    var low: [Double] = [], high: [Double] = [], index: [Int] = []
    for turn in [-360.0, 0, 360, 720] {
      for k in 0..<min(columns, from.low.count) {
        let base = origin + (from.low[k] - origin).remainder(dividingBy: 360)
        low.append(base + turn)
        high.append(base + turn + (from.high[k] - from.low[k]))
        index.append(k)
      }
    }
    let spread = AxisEdges(low: low, high: high)
    let turned = AxisEdges(
      low: to.low.map { origin + ($0 - origin).truncatingRemainder(dividingBy: 360) },
      high: zip(to.low, to.high).map {
        origin + ($0 - origin).truncatingRemainder(dividingBy: 360) + ($1 - $0)
      })
    let weights = shared(spread, turned) { $1 - $0 }
    var result = AxisWeights()
    for k in 0..<weights.count {
      var sums: [(Int, Double)] = []
      for e in Int(weights.starts[k])..<Int(weights.starts[k + 1]) {
        let source = index[Int(weights.sources[e])]
        if let at = sums.firstIndex(where: { $0.0 == source }) {
          sums[at].1 += weights.weights[e]
        } else {
          sums.append((source, weights.weights[e]))
        }
      }
      result.append(sums.sorted { $0.0 < $1.0 })
    }
    return result
  }
}

extension Array {
  /// The first index whose element fulfils the condition, all after it doing so too.
  fileprivate func partitioningIndex(_ condition: (Element) -> Bool) -> Int {
    var low = 0, high = count
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
