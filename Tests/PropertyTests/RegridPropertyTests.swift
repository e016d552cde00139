import Grids
import Testing

/// What regridding keeps, on random grids and masks.
@Suite struct RegridPropertyTests {
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  static func axis(_ kind: Axis.Kind, _ edges: [Double]) -> Axis {
    Axis(
      name: kind == .latitude ? "lat" : "lon", kind: kind,
      values: zip(edges, edges.dropFirst()).map { 0.5 * ($0 + $1) },
      bounds: zip(edges, edges.dropFirst()).flatMap { [$0, $1] })
  }

  /// A whole globe with uneven rows and columns.
  static func globe(_ random: inout Random) -> Grid {
    func edges(_ from: Double, _ to: Double, _ count: Int) -> [Double] {
      let widths = (0..<count).map { _ in Double.random(in: 0.5...1.5, using: &random) }
      let sum = widths.reduce(0, +)
      var at = from
      var list = [from]
      for width in widths {
        at += (to - from) * width / sum
        list.append(at)
      }
      list[count] = to
      return list
    }
    let west = Double.random(in: -180...180, using: &random)
    var rows = edges(-90, 90, Int.random(in: 4...30, using: &random))
    if Bool.random(using: &random) { rows.reverse() }
    return Grid(
      kind: .regular, y: axis(.latitude, rows),
      x: axis(.longitude, edges(west, west + 360, Int.random(in: 6...40, using: &random))))
  }

  /// A patch of cells about a turned pole, as a curvilinear grid with corners.
  static func patch(_ random: inout Random) -> Grid {
    let ny = Int.random(in: 3...20, using: &random), nx = Int.random(in: 3...20, using: &random)
    let height = Double.random(in: 10...70, using: &random),
      width = Double.random(in: 10...100, using: &random)
    let pole = RotatedPole(
      poleLatitude: Double.random(in: -90...90, using: &random),
      poleLongitude: Double.random(in: -180...180, using: &random))
    var grid = Grid(
      kind: .curvilinear, y: .index("y", ny), x: .index("x", nx), cornerLatitudes: [], cornerLongitudes: [])
    for j in 0..<ny {
      for i in 0..<nx {
        func place(_ j: Double, _ i: Double) -> (latitude: Double, longitude: Double) {
          pole.inverse(width * (i / Double(nx) - 0.5), height * (j / Double(ny) - 0.5))
        }
        let (y, x) = (Double(j), Double(i))
        let center = place(y + 0.5, x + 0.5)
        grid.latitudes.append(center.latitude)
        grid.longitudes.append(center.longitude)
        for corner in [place(y, x), place(y, x + 1), place(y + 1, x + 1), place(y + 1, x)] {
          grid.cornerLatitudes?.append(corner.latitude)
          grid.cornerLongitudes?.append(corner.longitude)
        }
      }
    }
    return grid
  }

  @Test("conservative weights of a globe give each source cell its area, to 1e-6", arguments: 0..<24)
  func areas(_ seed: Int) throws {
    var random = Random(state: UInt64(seed))
    let globe = Self.globe(&random)
    // To another globe, and from a patch that lies wholly in it.
    for source in [Self.globe(&random), Self.patch(&random)] {
      let weights = try RegridWeights.compute(from: source, to: globe, method: .conservative).expanded()
      let from = try source.cellAreas(), to = try globe.cellAreas()
      var given = [Double](repeating: 0, count: source.count)
      for cell in 0..<globe.count {
        var share = 0.0
        for e in Int(weights.starts[cell])..<Int(weights.starts[cell + 1]) {
          given[Int(weights.sources[e])] += weights.weights[e] * to[cell]
          share += weights.weights[e]
          #expect(weights.weights[e] > 0)
        }
        #expect(share < 1 + 1e-6)
        if source.kind == .regular { #expect(abs(share - 1) < 1e-9) }
      }
      for cell in 0..<source.count {
        #expect(
          abs(given[cell] - from[cell]) < 1e-6 * from[cell],
          "\(source.kind) cell \(cell): \(given[cell]) of \(from[cell])")
      }
      // And into the patch: the same shared areas, so that every target cell is covered.
      guard source.kind == .curvilinear else { continue }
      let back = try RegridWeights.compute(from: globe, to: source, method: .conservative).expanded()
      for cell in 0..<source.count {
        let share = (Int(back.starts[cell])..<Int(back.starts[cell + 1])).reduce(0) { $0 + back.weights[$1] }
        #expect(abs(share - 1) < 1e-6)
      }
    }
  }

  @Test("masked fields keep area times value with destarea, to 1e-6", arguments: 0..<12)
  func masked(_ seed: Int) throws {
    var random = Random(state: UInt64(1000 + seed))
    let source = seed % 2 == 0 ? Self.globe(&random) : Self.patch(&random), target = Self.globe(&random)
    let weights = try RegridWeights.compute(from: source, to: target, method: .conservative)
    func region(_ grid: Grid) -> Region {
      Region(variables: 0..<1, times: 0..<1, layers: 0..<1, rows: 0..<grid.ny, columns: 0..<grid.nx)
    }
    let from = try Block(uninitialized: region(source)), to = try Block(uninitialized: region(target))
    let fromAreas = try source.cellAreas(), toAreas = try target.cellAreas()
    var expected = 0.0
    for k in 0..<from.count {
      let isValid = Double.random(in: 0...1, using: &random) > 0.3
      from.values[k] = isValid ? Float.random(in: 200...300, using: &random) : .nan
      from.validity[k] = isValid ? 1 : 0
      if isValid { expected += fromAreas[k] * Double(from.values[k]) }
    }
    let share = UnsafeMutableBufferPointer<Float>.allocate(capacity: to.count)
    defer { share.deallocate() }
    try weights.apply(from, to: to, rule: RegridRule(.conservative, normalization: .destarea), share: share)
    var found = 0.0
    for k in 0..<to.count where to.validity[k] == 1 { found += toAreas[k] * Double(to.values[k]) }
    #expect(abs(found - expected) < 1e-6 * expected)
    // fracarea: the mean of the valid part; times its share the same.
    try weights.apply(from, to: to, rule: RegridRule(.conservative), share: share)
    found = 0
    for k in 0..<to.count where to.validity[k] == 1 {
      found += toAreas[k] * Double(to.values[k]) * Double(share[k])
      #expect(to.values[k] >= 199.99 && to.values[k] <= 300.01)
    }
    #expect(abs(found - expected) < 1e-6 * expected)
  }
}
