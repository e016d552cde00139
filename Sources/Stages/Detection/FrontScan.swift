import Grids

/// Finds lines where the gradient of a thermal quantity is strongest.
struct FrontScan: MapScan {
  let label = "fronts"
  let output: Description
  let fields: [DetectionField]
  let cells: SphereCells
  let listing: ObjectListing
  /// K per 100 km.
  let gradient: Double
  let seed: Double
  let smoothing: Int
  /// The line lies on the warm edge of the zone, not on its middle.
  let isWarmEdge: Bool
  /// The wind, for the kind of front: fields of u and v.
  let wind: (east: Int, north: Int)?
  /// m s-1 below which a front is stationary.
  let slow: Double
  let minimumLength: Double
  let equatorial: Double

  func scan(_ maps: [[Float]], time: Int) throws(StageError) -> (objects: [FoundObject], painted: [[Float]]) {
    let areas = try cells.cellAreas()
    let map = smoothed(maps[0])
    let (gx, gy) = gradients(map)
    let count = cells.count
    var size = [Float](repeating: .nan, count: count)
    for cell in 0..<count { size[cell] = (gx[cell] * gx[cell] + gy[cell] * gy[cell]).squareRoot() }
    // Of what the line is the ridge: the gradient, or the thermal front parameter -grad|grad T| . grad T / |grad T|.
    var ridge = size
    if isWarmEdge {
      let (sx, sy) = gradients(size)
      for cell in 0..<count {
        ridge[cell] = size[cell] > 0 ? -(sx[cell] * gx[cell] + sy[cell] * gy[cell]) / size[cell] : 0
      }
    }
    var isIn = [Bool](repeating: false, count: count)
    var isSeed = isIn
    for cell in 0..<count where !cells.isRepeat(cell) {
      guard Double(size[cell]) >= gradient, abs(cells.place(cell).latitude) >= equatorial, ridge[cell] > 0,
        isRidge(ridge, cell, gx[cell], gy[cell])
      else { continue }
      isIn[cell] = true
      isSeed[cell] = Double(size[cell]) >= seed
    }
    var kinds = [Float](repeating: 0, count: count)
    var strength = [Float](repeating: .nan, count: count)
    for cell in 0..<count where size[cell].isNaN { kinds[cell] = .nan }
    var objects: [FoundObject] = []
    for members in Components.find(cells, diagonal: true, in: isIn, seeds: isSeed) {
      let shape = ObjectShape(members, cells, areas: areas)
      guard shape.length >= minimumLength else { continue }
      var (sum, weight, advance) = (0.0, 0.0, 0.0)
      for member in members {
        let cell = Int(member)
        let g = Double(size[cell])
        (sum, weight) = (sum + g, weight + 1)
        strength[cell] = size[cell]
        var speed = 0.0
        if let (east, north) = wind {
          // Towards the warm side.
          speed = Double(maps[east][cell] * gx[cell] + maps[north][cell] * gy[cell]) / max(g, 1e-12)
        }
        if !speed.isNaN { advance += speed }
        kinds[cell] = wind == nil ? 1 : speed >= slow ? 1 : speed <= -slow ? 2 : 3
      }
      objects.append(
        FoundObject(
          time: time, number: objects.count + 1, latitude: shape.latitude,
          longitude: Sphere.longitude(shape.longitude, from: listing.west),
          values: [shape.length, shape.bearing, sum / weight] + (wind == nil ? [] : [advance / weight]),
          cells: members))
    }
    return (objects, [kinds, strength])
  }

  /// Neighbours 1-2-1 along both axes, so many times; missing values keep their place.
  private func smoothed(_ map: [Float]) -> [Float] {
    var map = map
    for _ in 0..<smoothing {
      var next = map
      for cell in 0..<cells.count where !map[cell].isNaN {
        var (sum, weight) = (4 * map[cell], Float(4))
        cells.forNeighbours(of: cell, diagonal: false) { neighbour in
          if !map[neighbour].isNaN {
            sum += 2 * map[neighbour]
            weight += 2
          }
        }
        next[cell] = sum / weight
      }
      map = next
    }
    return map
  }

  /// Eastward and northward derivative per 100 km, from centred differences; missing at edges and beside missing
  /// values.
  private func gradients(_ map: [Float]) -> ([Float], [Float]) {
    var gx = [Float](repeating: .nan, count: cells.count)
    var gy = gx
    let (width, columns) = (cells.width, cells.columns)
    guard cells.rows > 2, columns > 2 else { return (gx, gy) }
    for j in 1..<cells.rows - 1 {
      for i in 0..<columns {
        let west = i > 0 ? i - 1 : cells.isPeriodic ? columns - 1 : -1
        let east = i + 1 < columns ? i + 1 : cells.isPeriodic ? 0 : -1
        guard west >= 0, east >= 0 else { continue }
        let cell = j * width + i
        let (w, e) = (j * width + west, j * width + east)
        let (b, a) = (cell - width, cell + width)
        let across = cells.distance(w, e), along = cells.distance(b, a)
        guard across > 1, along > 1 else { continue }
        let isSouthward = cells.place(a).latitude < cells.place(b).latitude
        // Longitudes that go westwards turn the sign too.
        let isWestward =
          Sphere.longitude(cells.place(e).longitude, from: cells.place(w).longitude)
          - cells.place(w).longitude > 180
        gx[cell] = (map[e] - map[w]) / Float(across / 100) * (isWestward ? -1 : 1)
        gy[cell] = (map[a] - map[b]) / Float(along / 100) * (isSouthward ? -1 : 1)
      }
    }
    return (gx, gy)
  }

  /// Canny's thinning: nothing larger on either side in the direction of the gradient, taken between neighbours.
  private func isRidge(_ map: [Float], _ cell: Int, _ gx: Float, _ gy: Float) -> Bool {
    let (j, i) = (cell / cells.width, cell % cells.width)
    guard j > 0, j + 1 < cells.rows else { return false }
    let west = i > 0 ? i - 1 : cells.isPeriodic ? cells.columns - 1 : -1
    let east = i + 1 < cells.columns ? i + 1 : cells.isPeriodic ? 0 : -1
    guard west >= 0, east >= 0 else { return false }
    // Components in steps of the grid.
    let dx = Float(cells.distance(j * cells.width + west, j * cells.width + east) / 2)
    let dy = Float(cells.distance((j - 1) * cells.width + i, (j + 1) * cells.width + i) / 2)
    let isSouthward =
      cells.place((j + 1) * cells.width + i).latitude < cells.place((j - 1) * cells.width + i).latitude
    let (a, b) = (gx / max(dx, 1e-6), gy / max(dy, 1e-6) * (isSouthward ? -1 : 1))
    func at(_ row: Int, _ column: Int) -> Float {
      let value = map[row * cells.width + (column < 0 ? west : column > 0 ? east : i)]
      return value.isNaN ? -.infinity : value
    }
    let (forward, backward): (Float, Float)
    if abs(a) >= abs(b) {
      let share = abs(a) > 0 ? abs(b) / abs(a) : 0
      let step = a >= 0 ? 1 : -1
      let turn = b >= 0 ? 1 : -1
      forward = mix(at(j, step), at(j + turn, step), share)
      backward = mix(at(j, -step), at(j - turn, -step), share)
    } else {
      let share = abs(a) / abs(b)
      let step = b >= 0 ? 1 : -1
      let turn = a >= 0 ? 1 : -1
      forward = mix(at(j + step, 0), at(j + step, turn), share)
      backward = mix(at(j - step, 0), at(j - step, -turn), share)
    }
    return map[cell] >= forward && map[cell] > backward
  }

  private func mix(_ a: Float, _ b: Float, _ share: Float) -> Float {
    a == -.infinity || b == -.infinity ? max(a, b) : a + share * (b - a)
  }
}
