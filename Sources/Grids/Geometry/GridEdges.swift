/// The edges of rectilinear cells: two numbers a cell, the lower first, in degrees.
package struct AxisEdges: Sendable, Hashable {
  package var low: [Double]
  package var high: [Double]
}

extension Grid {
  /// The edges of the rows: the bounds of the axis, or the middles between centres. Clipped to the poles; on a
  /// grid that closes in longitude the outermost edge reaches the pole when less than half a step is missing.
  package func rowEdges() throws(GridError) -> AxisEdges {
    try checkAxis(y, "latitude")
    if let edges = try y.givenEdges() {
      return AxisEdges(
        low: edges.low.map { max(-90, min(90, $0)) }, high: edges.high.map { max(-90, min(90, $0)) })
    }
    try checkExtent(y)
    var edges = y.middleEdges()
    let closes = topology.isPeriodic
    for k in [0, ny - 1] {
      let half = (edges.high[k] - edges.low[k]) / 2
      if edges.high[k] > 90 || (closes && 90 - edges.high[k] < half) { edges.high[k] = 90 }
      if edges.low[k] < -90 || (closes && edges.low[k] + 90 < half) { edges.low[k] = -90 }
    }
    return edges
  }

  /// The edges of the columns: the bounds of the axis, or the middles between centres.
  package func columnEdges() throws(GridError) -> AxisEdges {
    try checkAxis(x, "longitude")
    var edges: AxisEdges
    if let given = try x.givenEdges() {
      edges = given
    } else {
      try checkExtent(x)
      edges = x.middleEdges()
    }
    for k in 0..<nx where edges.high[k] - edges.low[k] > 360 + 1e-6 {
      throw GridError(
        "a cell is \(edges.high[k] - edges.low[k]) degrees wide", subject: x.name,
        remedy: "give bounds that are at most 360 degrees apart")
    }
    return edges
  }

  /// - Throws: when the axes of a rectilinear grid are empty, not finite or not monotonic.
  func checkAxes() throws(GridError) {
    guard isRectilinear else { return }
    try checkAxis(y, "latitude")
    try checkAxis(x, "longitude")
  }

  private func checkExtent(_ axis: Axis) throws(GridError) {
    guard axis.count > 1 else {
      throw GridError(
        "one value alone, without bounds, has no extent", subject: axis.name,
        remedy: "give bounds, or use `nearest` or `bin`")
    }
  }

  private func checkAxis(_ axis: Axis, _ what: String) throws(GridError) {
    guard axis.count > 0 else { throw GridError("the \(what) axis has no values", subject: axis.name) }
    guard axis.values.allSatisfy(\.isFinite) else {
      throw GridError("a \(what) is missing or not finite", subject: axis.name)
    }
    if let index = axis.values.indices.dropFirst().dropFirst().first(where: {
      (axis.values[$0] - axis.values[$0 - 1]) * (axis.values[1] - axis.values[0]) <= 0
    }) {
      throw GridError(
        "the \(what) axis is not monotonic at index \(index)", subject: axis.name,
        remedy: "select a part that is, or sort the input")
    }
    if axis.count > 1, axis.values[0] == axis.values[1] {
      throw GridError("two equal values on the \(what) axis", subject: axis.name)
    }
  }
}

extension Axis {
  /// The bounds as edges; nil when there are none or they do not hold the values.
  func givenEdges() throws(GridError) -> AxisEdges? {
    guard let bounds, bounds.count == 2 * count, bounds.allSatisfy(\.isFinite) else { return nil }
    var edges = AxisEdges(low: [], high: [])
    edges.low.reserveCapacity(count)
    edges.high.reserveCapacity(count)
    for k in 0..<count {
      var (a, b) = (bounds[2 * k], bounds[2 * k + 1])
      if kind == .longitude {
        // Bounds may be on another turn than their value.
        while a - values[k] > 180 { a -= 360 }
        while a - values[k] < -180 { a += 360 }
        while b - values[k] > 180 + 1e-9 { b -= 360 }
        while b - values[k] < -180 - 1e-9 { b += 360 }
        if a == b, bounds[2 * k] != bounds[2 * k + 1] { (a, b) = (min(a, b), min(a, b) + 360) }
      }
      if a > b { (a, b) = (b, a) }
      guard b > a else { return nil }
      edges.low.append(a)
      edges.high.append(b)
    }
    return edges
  }

  /// The middles between neighbouring values; the outermost edges lie as far out as the inner ones lie in.
  func middleEdges() -> AxisEdges {
    guard count > 1 else { return AxisEdges(low: [values[0] - 0.5], high: [values[0] + 0.5]) }
    var edges = [Double](repeating: 0, count: count + 1)
    for k in 1..<count { edges[k] = 0.5 * (values[k - 1] + values[k]) }
    edges[0] = values[0] - (edges[1] - values[0])
    edges[count] = values[count - 1] + (values[count - 1] - edges[count - 1])
    var result = AxisEdges(low: [], high: [])
    for k in 0..<count {
      result.low.append(min(edges[k], edges[k + 1]))
      result.high.append(max(edges[k], edges[k + 1]))
    }
    return result
  }
}

extension Grid {
  /// The same rectilinear grid with bounds on both axes.
  public func withBounds() throws(GridError) -> Grid {
    guard isRectilinear else { return self }
    var grid = self
    if grid.y.bounds == nil {
      let edges = try rowEdges()
      let falls = ny > 1 && y.values[1] < y.values[0]
      grid.y.bounds = (0..<ny).flatMap {
        falls ? [edges.high[$0], edges.low[$0]] : [edges.low[$0], edges.high[$0]]
      }
    }
    if grid.x.bounds == nil {
      let edges = try columnEdges()
      let falls = nx > 1 && x.values[1] < x.values[0]
      grid.x.bounds = (0..<nx).flatMap {
        falls ? [edges.high[$0], edges.low[$0]] : [edges.low[$0], edges.high[$0]]
      }
    }
    return grid
  }
}
