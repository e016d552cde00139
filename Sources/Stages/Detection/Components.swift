/// Cells that hang together.
enum Components {
  /// The connected components of the cells that are `in`, those with a `seed` among them (all, without seeds), in the
  /// order of their first cells; the cells of each in the order of the grid.
  static func find(
    _ cells: SphereCells, diagonal: Bool, in isIn: [Bool], seeds: [Bool]? = nil
  ) -> [[Int32]] {
    var isFree = isIn
    var components: [[Int32]] = []
    for first in 0..<cells.count where isFree[first] && !cells.isRepeat(first) {
      var members = [Int32(truncatingIfNeeded: first)]
      isFree[first] = false
      var next = 0
      while next < members.count {
        cells.forNeighbours(of: Int(members[next]), diagonal: diagonal) { neighbour in
          guard isFree[neighbour] else { return }
          isFree[neighbour] = false
          members.append(Int32(truncatingIfNeeded: neighbour))
        }
        next += 1
      }
      if let seeds, !members.contains(where: { seeds[Int($0)] }) { continue }
      members.sort()
      components.append(members)
    }
    return components
  }
}

/// Size, place and form of a set of cells on the sphere.
struct ObjectShape: Sendable {
  /// km2.
  let area: Double
  /// The middle, weighted by area.
  let latitude: Double
  let longitude: Double
  /// km between the cells that lie farthest apart, one cell's size more.
  let length: Double
  /// Area by length, km.
  let width: Double
  /// Degrees clockwise from north of the line between the cells that lie farthest apart, 0 to 180, at the middle of
  /// the object.
  let bearing: Double
  let south: Double
  let north: Double

  var aspect: Double { length / max(width, 1e-9) }

  init(_ members: [Int32], _ cells: SphereCells, areas: [Double]) {
    var sum = SIMD3<Double>.zero
    var (area, south, north) = (0.0, Double.infinity, -Double.infinity)
    for member in members {
      let cell = Int(member)
      let a = areas[cell]
      area += a
      sum += a * cells.vector(cell)
      let y = cells.place(cell).latitude
      (south, north) = (min(south, y), max(north, y))
    }
    (self.area, self.south, self.north) = (area, south, north)
    let size = (sum * sum).sum().squareRoot()
    // An object all around a pole or the equator may have no middle direction: its first cell stands for it.
    let first = members.first.map { cells.vector(Int($0)) } ?? SIMD3(1, 0, 0)
    let middle = size > 1e-9 * max(area, 1e-300) ? sum / size : first
    (latitude, longitude) = Sphere.place(middle)
    let (p, q) = Self.farthest(members, cells, middle)
    let cellSize = (area / Double(max(members.count, 1))).squareRoot()
    length = Sphere.distance(p, q) + cellSize
    width = area / length
    let east = Self.unit(SIMD3(-middle.y, middle.x, 0), else: SIMD3(0, 1, 0))
    let up = Self.cross(middle, east)
    let d = q - p
    var angle = System.atan2((d * east).sum(), (d * up).sum()) * 180 / .pi
    if angle < 0 { angle += 180 }
    bearing = angle >= 180 ? angle - 180 : angle
  }

  /// The two cells that lie farthest apart, among the outermost in 32 directions about the middle: within half a
  /// per cent of the largest distance.
  private static func farthest(_ members: [Int32], _ cells: SphereCells, _ middle: SIMD3<Double>)
    -> (SIMD3<Double>, SIMD3<Double>)
  {
    let east = unit(SIMD3(-middle.y, middle.x, 0), else: SIMD3(0, 1, 0))
    let north = cross(middle, east)
    let directions = 32
    var best = [(value: Double, place: SIMD3<Double>)](
      repeating: (-.infinity, middle), count: directions)
    let axes = (0..<directions).map { k -> SIMD3<Double> in
      let angle = 2 * Double.pi * Double(k) / Double(directions)
      return System.cos(angle) * east + System.sin(angle) * north
    }
    for member in members {
      let v = cells.vector(Int(member))
      // From the middle along great circles, so that places beyond 90 degrees count as farther.
      let d = v - middle
      let chord = (d * d).sum().squareRoot()
      let flat = v - (v * middle).sum() * middle
      let size = (flat * flat).sum().squareRoot()
      let scaled = size > 1e-12 ? flat * (chord / size) : flat
      for k in 0..<directions {
        let value = (scaled * axes[k]).sum()
        if value > best[k].value { best[k] = (value, v) }
      }
    }
    var pair = (best[0].place, best[0].place)
    var largest = 0.0
    for a in 0..<directions {
      for b in a + 1..<directions {
        let d = best[a].place - best[b].place
        let square = (d * d).sum()
        if square > largest { (largest, pair) = (square, (best[a].place, best[b].place)) }
      }
    }
    return pair
  }

  private static func unit(_ v: SIMD3<Double>, else other: SIMD3<Double>) -> SIMD3<Double> {
    let size = (v * v).sum().squareRoot()
    return size > 1e-12 ? v / size : other
  }

  static func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
  }
}
