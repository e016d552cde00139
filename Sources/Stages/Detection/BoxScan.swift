import Grids

/// Boxes from what is said block by block.
struct BoxScan: MapScan {
  let label: String
  let output: Description
  /// The probabilities of the classes, then the four numbers of the box.
  let fields: [DetectionField]
  let cells: SphereCells
  let listing: ObjectListing
  let classes: Int
  let edges: GridEdges
  let stride: Int
  let least: Double
  let overlap: Double

  static func columns(_ classes: [String]) -> [ListColumn] {
    func degrees(_ name: String, _ title: String) -> ListColumn {
      ListColumn(
        name: name, longName: title,
        units: name == "south" || name == "north" ? "degrees_north" : "degrees_east")
    }
    return [
      ListColumn(name: "probability", longName: "probability of the box", units: "1"),
      ListColumn(
        name: "class",
        longName: "class of the box: "
          + classes.enumerated().map { "\($0 + 1) \($1)" }.joined(separator: ", "), units: "1", isWhole: true),
      degrees("south", "southern edge"), degrees("north", "northern edge"), degrees("west", "western edge"),
      degrees("east", "eastern edge"), ListColumn(name: "area", longName: "area", units: "km2"),
    ]
  }

  private struct Candidate {
    let kind: Int
    let probability: Double
    let box: SphereBox
    let rows: ClosedRange<Double>
    let columns: ClosedRange<Double>
  }

  func scan(_ maps: [[Float]], time: Int) throws(StageError) -> (objects: [FoundObject], painted: [[Float]]) {
    var candidates: [Candidate] = []
    for first in Swift.stride(from: 0, to: cells.rows, by: stride) {
      for left in Swift.stride(from: 0, to: cells.columns, by: stride) {
        guard let cell = speaker(first, left, maps) else { continue }
        let numbers = (0..<4).map { Double(maps[classes + $0][cell]) }
        for kind in 0..<classes {
          let probability = Double(maps[kind][cell])
          guard probability >= least else { continue }
          let row = Double(cell / cells.width) + numbers[0]
          let column = Double(cell % cells.width) + numbers[1]
          let (height, width) = (max(0, numbers[2]) / 2, max(0, numbers[3]) / 2)
          let rows = row - height...row + height, columns = column - width...column + width
          candidates.append(
            Candidate(
              kind: kind, probability: probability, box: edges.box(rows: rows, columns: columns), rows: rows,
              columns: columns))
        }
      }
    }
    var kept: [Candidate] = []
    for kind in 0..<classes {
      let own = candidates.filter { $0.kind == kind }
      kept += SphereBox.suppressed(own.map { ($0.box, $0.probability) }, limit: overlap).map { own[$0] }
    }
    var mask = [Float](repeating: 0, count: cells.count)
    var chance = [Float](repeating: .nan, count: cells.count)
    let isMissing = (0..<cells.count).map { cell in maps.contains { $0[cell].isNaN } }
    // The more probable ones over the others.
    for box in kept.sorted(by: { $0.probability < $1.probability }) {
      for cell in covered(box) {
        (mask[cell], chance[cell]) = (Float(box.kind + 1), Float(box.probability))
      }
    }
    for cell in isMissing.indices where isMissing[cell] { mask[cell] = .nan }
    let objects = kept.enumerated().map { index, found -> FoundObject in
      let box = found.box
      let west = Sphere.longitude(box.west, from: listing.west)
      let (latitude, _) = box.centre
      return FoundObject(
        time: time, number: index + 1, latitude: latitude,
        longitude: Sphere.longitude(box.centre.longitude, from: listing.west),
        values: [
          found.probability, Double(found.kind + 1), box.south, box.north, west, west + box.width, box.area,
        ], cells: covered(found).map { Int32(truncatingIfNeeded: $0) })
    }
    return (objects, [mask, chance])
  }

  /// The cell of a block that speaks for it.
  private func speaker(_ first: Int, _ left: Int, _ maps: [[Float]]) -> Int? {
    if stride == 1 {
      let cell = first * cells.width + left
      return maps.allSatisfy { $0[cell].isFinite } ? cell : nil
    }
    for row in first..<min(first + stride, cells.rows) {
      for column in left..<min(left + stride, cells.columns) {
        let cell = row * cells.width + column
        if maps.allSatisfy({ $0[cell].isFinite }) { return cell }
      }
    }
    return nil
  }

  /// The cells whose middle lies in a box; the nearest one to its own middle at least.
  private func covered(_ box: Candidate) -> [Int] {
    func range(_ range: ClosedRange<Double>, _ count: Int, around: Bool) -> [Int] {
      // Numbers of a network may be anything.
      let low = max(-2 * Double(count), range.lowerBound), high = min(3 * Double(count), range.upperBound)
      guard low.isFinite, high.isFinite, low <= high else { return [] }
      var places = Int(low.rounded(.up))...max(Int(low.rounded(.up)), Int(high.rounded(.down)))
      if high - low < 1, high.rounded(.down) < low {
        let middle = Int(((low + high) / 2).rounded())
        places = middle...middle
      }
      if around {
        var seen = Set<Int>()
        return places.map { (($0 % count) + count) % count }.filter { seen.insert($0).inserted }
      }
      return places.filter { $0 >= 0 && $0 < count }
    }
    let rows = range(box.rows, cells.rows, around: false)
    let columns = range(box.columns, cells.columns, around: cells.isPeriodic)
    return rows.flatMap { row in columns.map { row * cells.width + $0 } }
  }
}

/// Degrees from places between the cells of a rectilinear grid: 0 is the middle of the first cell, -0.5 its edge.
struct GridEdges: Sendable {
  private let latitudes: [Double]
  private let longitudes: [Double]

  init(_ grid: Grid) { (latitudes, longitudes) = (grid.y.values, grid.x.values) }

  func box(rows: ClosedRange<Double>, columns: ClosedRange<Double>) -> SphereBox {
    let (a, b) = (Self.value(rows.lowerBound, latitudes), Self.value(rows.upperBound, latitudes))
    let (c, d) = (Self.value(columns.lowerBound, longitudes), Self.value(columns.upperBound, longitudes))
    return SphereBox(south: min(a, b), north: max(a, b), west: min(c, d), width: abs(d - c))
  }

  /// Between two cells in proportion; beyond the ends by the step there.
  private static func value(_ place: Double, _ axis: [Double]) -> Double {
    guard axis.count > 1, place.isFinite else { return axis.first ?? 0 }
    let held = max(-1e6, min(1e6, place))
    let index = max(0, min(axis.count - 2, Int(held.rounded(.down))))
    return axis[index] + (held - Double(index)) * (axis[index + 1] - axis[index])
  }
}
