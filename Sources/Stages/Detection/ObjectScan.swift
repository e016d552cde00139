import Grids

/// Finds regions of cells by a condition, keeps those of the right size and form.
struct ObjectScan: MapScan {
  /// A cell counts when the value of every test is within its bounds.
  struct Test: Sendable {
    let field: Int
    var low = -Double.infinity
    var high = Double.infinity
    /// The field that is the lower bound, beside `low`.
    var floor: Int?
    /// Classes that count; nil: any value within the bounds.
    var classes: [Float]?
    /// Degrees from the equator.
    func holds(_ maps: [[Float]], _ cell: Int) -> Bool {
      let value = maps[field][cell]
      if let classes { return classes.contains(value) }
      guard Double(value) >= low, Double(value) <= high else { return false }
      guard let floor else { return true }
      return value >= maps[floor][cell]
    }
  }
  struct Limits: Sendable {
    var area = 0.0...Double.infinity
    var length = 0.0...Double.infinity
    var width = 0.0...Double.infinity
    var aspect = 0.0...Double.infinity
    var centreLatitude = -90.0...90.0
    /// Cells nearer to the equator do not count.
    var minimumLatitude = 0.0
    var minimumCells = 1
    /// Of the mean transport, away from the equator.
    var poleward = -Double.infinity
  }

  let label: String
  let output: Description
  let fields: [DetectionField]
  let cells: SphereCells
  let listing: ObjectListing
  let tests: [Test]
  /// With hysteresis: an object needs a cell for which these hold too.
  let seeds: [Test]
  let limits: Limits
  let diagonal: Bool
  /// Fields whose mean and extreme describe an object; the extreme is the highest, or the lowest.
  let measured: [(field: Int, isLow: Bool)]
  /// Eastward and northward component whose mean direction describes an object.
  var direction: (east: Int, north: Int)?

  static func columns(_ measured: [DetectionField], isLow: [Bool]) -> [ListColumn] {
    var columns = [
      ListColumn(name: "area", longName: "area", units: "km2"),
      ListColumn(name: "length", longName: "distance of the cells that lie farthest apart", units: "km"),
      ListColumn(name: "width", longName: "area by length", units: "km"),
      ListColumn(
        name: "bearing", longName: "direction of the long axis, clockwise from north", units: "degree"),
    ]
    for (field, isLow) in zip(measured, isLow) {
      let title = field.description.longName ?? field.description.standardName ?? field.name
      columns += [
        ListColumn(
          name: "\(field.name)_mean", standardName: field.description.standardName,
          longName: "mean of \(title)",
          units: field.units ?? "1"),
        ListColumn(
          name: "\(field.name)_\(isLow ? "min" : "max")", standardName: field.description.standardName,
          longName: "\(isLow ? "lowest" : "highest") \(title)", units: field.units ?? "1"),
      ]
    }
    return columns
  }

  func scan(_ maps: [[Float]], time: Int) throws(StageError) -> (objects: [FoundObject], painted: [[Float]]) {
    let areas = try cells.cellAreas()
    var isIn = [Bool](repeating: false, count: cells.count)
    var isSeed = [Bool](repeating: false, count: seeds.isEmpty ? 0 : cells.count)
    var isKnown = [Bool](repeating: false, count: cells.count)
    for cell in 0..<cells.count where !cells.isRepeat(cell) {
      isKnown[cell] = tests.allSatisfy { !maps[$0.field][cell].isNaN }
      guard isKnown[cell], tests.allSatisfy({ $0.holds(maps, cell) }),
        limits.minimumLatitude <= 0 || abs(cells.place(cell).latitude) >= limits.minimumLatitude
      else { continue }
      isIn[cell] = true
      if !seeds.isEmpty { isSeed[cell] = seeds.allSatisfy { $0.holds(maps, cell) } }
    }
    var objects: [FoundObject] = []
    var mask = [Float](repeating: 0, count: cells.count)
    var numbers = [Float](repeating: .nan, count: cells.count)
    for cell in 0..<cells.count where !isKnown[cell] { mask[cell] = .nan }
    let components = Components.find(cells, diagonal: diagonal, in: isIn, seeds: seeds.isEmpty ? nil : isSeed)
    for members in components where members.count >= limits.minimumCells {
      let shape = ObjectShape(members, cells, areas: areas)
      guard limits.area.contains(shape.area), limits.length.contains(shape.length),
        limits.width.contains(shape.width), limits.aspect.contains(shape.aspect),
        limits.centreLatitude.contains(shape.latitude)
      else { continue }
      var values = [shape.area, shape.length, shape.width, shape.bearing]
      for (field, isLow) in measured {
        let (mean, extreme) = measure(maps[field], members, areas, isLow: isLow)
        values += [mean, extreme]
      }
      if let (east, north) = direction {
        let u = measure(maps[east], members, areas, isLow: false).mean
        let v = measure(maps[north], members, areas, isLow: false).mean
        guard (shape.latitude < 0 ? -v : v) >= limits.poleward else { continue }
        var angle = System.atan2(u, v) * 180 / .pi
        if angle < 0 { angle += 360 }
        values += [u, v, angle]
      }
      let number = objects.count + 1
      for member in members { (mask[Int(member)], numbers[Int(member)]) = (1, Float(number)) }
      objects.append(
        FoundObject(
          time: time, number: number, latitude: shape.latitude,
          longitude: Sphere.longitude(shape.longitude, from: listing.west), values: values,
          cells: middleFirst(members, shape)))
    }
    return (objects, [mask, numbers])
  }

  /// The cells with the one first that is nearest to the middle.
  private func middleFirst(_ members: [Int32], _ shape: ObjectShape) -> [Int32] {
    let middle = Sphere.vector(shape.latitude, shape.longitude)
    var (nearest, most) = (0, -2.0)
    for (index, member) in members.enumerated() {
      let product = (cells.vector(Int(member)) * middle).sum()
      if product > most { (nearest, most) = (index, product) }
    }
    var result = members
    if nearest > 0 { result.swapAt(0, nearest) }
    return result
  }

  private func measure(_ map: [Float], _ members: [Int32], _ areas: [Double], isLow: Bool)
    -> (mean: Double, extreme: Double)
  {
    var (sum, all) = (0.0, 0.0)
    var extreme = Double.nan
    for member in members {
      let value = Double(map[Int(member)])
      guard !value.isNaN else { continue }
      sum += areas[Int(member)] * value
      all += areas[Int(member)]
      if extreme.isNaN || (isLow ? value < extreme : value > extreme) { extreme = value }
    }
    return (all > 0 ? sum / all : .nan, extreme)
  }

  /// The mask and the numbers of objects that are called so.
  static func description(_ input: Description, noun: String) -> Description {
    var output = input
    let name = noun.map { $0 == " " ? "_" : String($0) }.joined()
    output.layers = []
    output.variables = [
      VariableDescription(
        name: name, longName: "\(noun) mask", units: nil,
        flags: [.init(value: 0, meaning: "background"), .init(value: 1, meaning: name)]),
      VariableDescription(
        name: "\(name)_number", longName: "number of the \(noun) among those of its time", units: "1"),
    ]
    return output
  }
}
