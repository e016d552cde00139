import Grids
import Testing

@testable import Stages

@Suite("detection") struct DetectionTests {
  /// What a stage has found beside its field.
  func found(_ plan: Plan) throws -> [FoundObject] {
    let computation = try #require(plan.graph.computation(plan.node) as? any Listing)
    return computation.listing.found.all
  }

  func field(_ grid: Grid, times: Int = 1, _ value: (Int, Int, Int) -> Double) -> Field {
    Field(
      Description(variables: [Make.variable("x", nil, "1")], time: Make.days(times), grid: grid)
    ) { _, t, _, j, i in value(t, j, i) }
  }

  // MARK: cells

  @Test func distancesAndAreasOnTheSphere() throws {
    let cells = SphereCells(Make.globe(18, 36))
    // A quarter of the Earth, and a step across the date line.
    #expect(abs(Sphere.distance((0, 0), (0, 90)) - .pi / 2 * SphereCells.radius) < 1e-6)
    #expect(abs(Sphere.distance((10, 179.5), (10, -179.5)) - Sphere.distance((10, 0), (10, 1))) < 1e-6)
    let total = try cells.cellAreas().reduce(0, +)
    #expect(abs(total / (4 * .pi * SphereCells.radius * SphereCells.radius) - 1) < 1e-9)
  }

  @Test func neighboursCloseInLongitudeAndNotAtThePoles() {
    let cells = SphereCells(Make.globe(4, 6))
    func neighbours(_ cell: Int, _ diagonal: Bool) -> Set<Int> {
      var found = Set<Int>()
      cells.forNeighbours(of: cell, diagonal: diagonal) { found.insert($0) }
      return found
    }
    #expect(neighbours(0, true) == [5, 1, 11, 6, 7])
    #expect(neighbours(6 + 5, false) == [5, 10, 6, 17])
    let region = SphereCells(Make.regular([0, 10, 20], [0, 10, 20, 30]))
    var count = 0
    region.forNeighbours(of: 0, diagonal: true) { _ in count += 1 }
    #expect(count == 3)
  }

  @Test func cellsWithinADistanceAreThoseWithinIt() {
    let cells = SphereCells(Make.globe(36, 72))
    var visited = VisitedCells(cells.count)
    for centre in [0, 72 * 18, 72 * 18 + 71, 72 * 35 + 40] {
      let near = Set(cells.within(1500, of: centre, diagonal: true, &visited))
      let expected = Set((0..<cells.count).filter { cells.distance(centre, $0) <= 1500 })
      // Next to a pole cells on the other side are not joined to the centre by neighbours within the distance only
      // when the way round the pole is longer: rows are rings, so they are.
      #expect(near == expected, "centre \(centre)")
    }
  }

  // MARK: objects

  @Test func objectsHangTogetherAcrossTheDateLine() throws {
    let grid = Make.globe(18, 36)
    let data = field(grid) { _, j, i in
      // One across the seam, one apart that touches another at a corner, one at each pole's row.
      if j == 9, i >= 34 || i <= 2 { return 5 }
      if (j == 4 && i == 10) || (j == 5 && i == 11) { return 3 }
      if j == 17, i == 3 || i == 21 { return 4 }
      return 0
    }
    let plan = try Plan(Objects.self, ["at-least": 2], on: data)
    let result = try plan.run()
    let objects = try found(plan)
    #expect(objects.map(\.cells.count).sorted() == [1, 1, 2, 5])
    #expect(result[0, 0, 0, 9, 35] == 1 && result[0, 0, 0, 9, 20] == 0)
    #expect(result[1, 0, 0, 9, 35] == result[1, 0, 0, 9, 0])
    #expect(result[1, 0, 0, 9, 10].isNaN)
    let across = try #require(objects.first { $0.cells.count == 5 })
    #expect(abs(across.latitude - 5) < 0.2 && min(across.longitude, 360 - across.longitude) < 0.2)
    // Four neighbours: the corner does not join.
    let four = try Plan(Objects.self, ["at-least": 2, "connectivity": "4"], on: data)
    _ = try four.run()
    #expect(try found(four).count == 5)
  }

  @Test func hysteresisAndLimits() throws {
    let data = field(Make.globe(18, 36)) { _, j, i in
      if j == 9, (5...12).contains(i) { return i == 8 ? 10 : 3 }
      if j == 12, (5...12).contains(i) { return 4 }
      return 0
    }
    let plan = try Plan(Objects.self, ["at-least": 2, "seed": 9], on: data)
    _ = try plan.run()
    let objects = try found(plan)
    #expect(objects.count == 1 && objects[0].cells.count == 8)
    let columns = ObjectScan.columns([], isLow: []).map(\.name)
    #expect(columns == ["area", "length", "width", "bearing"])
    // Eight cells of 10 degrees on a parallel near the equator.
    let length = objects[0].values[1]
    #expect(length > 7500 && length < 9200, "\(length)")
    #expect(abs(objects[0].values[0] / (length * objects[0].values[2]) - 1) < 1e-12)
    #expect(abs(objects[0].values[3] - 90) < 5)
    let short = try Plan(Objects.self, ["at-least": 2, "length": ["at-most": 5000]], on: data)
    _ = try short.run()
    #expect(try found(short).isEmpty)
    #expect(
      fault { try Plan(Objects.self, ["at-least": 2, "length": ["at-least": 3, "at-most": 1]], on: data) }?
        .cause
        .contains("length") == true)
  }

  // MARK: cyclones

  @Test func cyclonesAreMinimaWithClosedContours() throws {
    let grid = Make.globe(36, 72, west: -180)
    let cells = SphereCells(grid)
    func dip(_ j: Int, _ i: Int, _ place: (Double, Double), _ depth: Double, _ size: Double) -> Double {
      let here = cells.place(j * 72 + i)
      let d = Sphere.distance((here.latitude, here.longitude), (latitude: place.0, longitude: place.1))
      return -depth * System.exp(-d * d / (2 * size * size))
    }
    // A deep one at the date line, a shallow one, and a trough that is open to the north.
    let data = field(grid) { _, j, i in
      let here = cells.place(j * 72 + i)
      let trough = abs(here.longitude - 60) < 8 && here.latitude > 10 ? -900.0 - 10 * here.latitude : 0
      return 101_300 + dip(j, i, (42.5, -180), 3000, 500) + dip(j, i, (-37.5, 20), 100, 500) + trough
    }
    var pressure = data
    pressure.description.variables[0] = Make.variable("psl", "air_pressure_at_mean_sea_level", "Pa")
    let plan = try Plan(
      Cyclones.self,
      ["contours": [["rise": 2, "distance": 1200, "units": "hPa"]], "absolute-latitude": [5, 80]],
      on: pressure)
    let result = try plan.run()
    let centres = try found(plan)
    #expect(centres.count == 1)
    #expect(centres.first.map { abs($0.latitude - 42.5) < 0.1 && abs(abs($0.longitude) - 180) < 0.1 } == true)
    #expect(result.numbers.filter { $0 == 1 }.count == 1)
    // All three without the contour, and the mask around a centre.
    let all = try Plan(
      Cyclones.self, ["absolute-latitude": [5, 70], "radius": 600, "merge": 1000], on: pressure)
    let mask = try all.run()
    let three = try found(all)
    #expect(three.count >= 2)
    #expect(mask.numbers.filter { $0 == 1 }.count > 2 * three.count)
  }

  // MARK: tracks

  func point(_ time: Int, _ latitude: Double, _ longitude: Double, _ cells: [Int32] = []) -> FoundObject {
    FoundObject(time: time, number: 1, latitude: latitude, longitude: longitude, values: [1], cells: cells)
  }

  func stitching(
    _ method: Stitching.Method = .nearest, gap: Int = 0, steps: Int = 1, duration: Double = 0,
    length: Double = 0
  ) -> Stitching {
    Stitching(
      method: method, range: 500, share: 0.1, gap: gap, minimumSteps: steps, minimumDuration: duration,
      minimumLength: length, minimumDisplacement: 0, demands: [])
  }

  @Test func tracksBridgeGapsAndCrossTheDateLine() {
    let objects = [
      [point(0, 0, 178)], [point(1, 0, -179)], [], [point(3, 1, -176)], [point(4, 40, 0)],
    ]
    let seconds = (0..<5).map { Double($0) * 21600 }
    let without = stitching().tracks(objects, seconds: seconds, areas: [])
    #expect(without.map(\.points.count) == [2, 1, 1])
    let bridged = stitching(gap: 1, steps: 2).tracks(objects, seconds: seconds, areas: [])
    #expect(bridged.map { $0.points.map(\.time) } == [[0, 1, 3]])
    #expect(stitching(gap: 1, duration: 64_801).tracks(objects, seconds: seconds, areas: []).isEmpty)
    #expect(stitching(gap: 1, length: 600).tracks(objects, seconds: seconds, areas: []).count == 1)
    #expect(stitching(gap: 1, length: 800).tracks(objects, seconds: seconds, areas: []).isEmpty)
  }

  @Test func tracksMergeAndSplit() {
    // Two come together, then one parts.
    let objects = [
      [point(0, 0, 0), point(0, 4, 0)], [point(1, 1, 0), point(1, 4, 0)], [point(2, 1.5, 0)],
      [point(3, 1.5, 0), point(3, 4, 0)],
    ]
    let tracks = stitching().tracks(objects, seconds: [0, 1, 2, 3], areas: [])
    #expect(tracks.map { $0.points.count } == [4, 2, 1])
    #expect(tracks.map(\.mergedInto) == [0, 1, 0] && tracks.map(\.splitFrom) == [0, 0, 1])
    #expect(tracks.map { $0.points.map(\.number) } == [[1, 1, 1, 1], [2, 2], [3]])
  }

  @Test func overlapTakesTheLargestCommonArea() {
    let areas = [Double](repeating: 1, count: 20)
    let objects = [
      [point(0, 0, 0, [0, 1, 2, 3, 4, 5])], [point(1, 0, 0, [0, 1]), point(1, 0, 0, [3, 4, 5, 6])],
      [point(2, 0, 0, [6, 7])],
    ]
    let tracks = stitching(.overlap).tracks(objects, seconds: [0, 1, 2], areas: areas)
    #expect(tracks.map { $0.points.map(\.cells.count) } == [[6, 4, 2], [2]])
    #expect(tracks[1].splitFrom == 1)
  }

  @Test func tracksNeedObjects() throws {
    let data = field(Make.globe(4, 8), times: 3) { _, _, _ in 1 }
    #expect(fault { try Plan(Tracks.self, on: data) }?.cause.contains("no list of objects") == true)
  }

  // MARK: extremes

  @Test(arguments: [1, 3, 4]) func exceedCountsRowsOfSteps(_ duration: Int) throws {
    let grid = Make.globe(3, 5)
    var data = Make.noise(
      Description(variables: [Make.variable("tas", nil, "K")], time: Make.days(40), grid: grid), 270...300,
      missing: 0.05)
    data.description.variables[0].units = "K"
    let result = try Plan(
      Exceed.self, ["threshold": 5, "units": "degC", "duration": .plain("\(duration)")], on: data
    ).run(cuts: 30)
    for j in 0..<3 {
      for i in 0..<5 {
        for t in 0..<40 {
          func isHot(_ t: Int) -> Bool { (0..<40).contains(t) && data[0, t, 0, j, i] > 278.15 }
          var (low, high) = (t, t)
          while isHot(low - 1) { low -= 1 }
          while isHot(high + 1) { high += 1 }
          let isLong = isHot(t) && high - low + 1 >= duration
          let mask = result[0, t, 0, j, i]
          if data[0, t, 0, j, i].isNaN {
            #expect(mask.isNaN)
          } else {
            #expect(mask == (isLong ? 1 : 0), "\(t) \(j) \(i)")
            #expect(result[1, t, 0, j, i].isNaN == !isLong)
            if isLong { #expect(abs(result[1, t, 0, j, i] - (data[0, t, 0, j, i] - 278.15)) < 1e-3) }
          }
        }
      }
    }
  }

  @Test func exceedTakesTheStepOfItsMonth() throws {
    let grid = Make.globe(2, 3)
    let data = Field(
      Description(
        variables: [Make.variable("x", nil, "1")], time: Make.days(24, step: 15.2, start: 3), grid: grid)
    ) { _, t, _, _, _ in Double(t) }
    var months = Make.days(12, step: 30.4, start: 15)
    months.isClimatology = true
    let normal = Field(Description(variables: [Make.variable("x", nil, "1")], time: months, grid: grid)) {
      _, t, _, _, _ in Double(2 * t)
    }
    let result = try Plan(
      Exceed.self, ["period": "month"], ["input": [("x", data)], "climatology": [("normal", normal)]]
    ).run()
    let keys = try #require(data.description.time).keys(.monthOfYear)
    for t in 0..<24 {
      let excess = Double(t - 2 * (keys[t] - 1))
      #expect(result[0, t, 0, 1, 1] == (excess > 0 ? 1 : 0), "\(t)")
    }
  }

  // MARK: fronts

  @Test func frontsLieWhereTheTemperatureFalls() throws {
    let grid = Make.regular((0...40).map { 20 + Double($0) }, (0...60).map { Double($0) })
    // A zone along a meridian at 30 degrees east, cold in the west, with wind from the west.
    let data = Field(
      Description(
        variables: [
          Make.variable("ta", "air_temperature", "K"), Make.variable("u", "eastward_wind", "m s-1"),
          Make.variable("v", "northward_wind", "m s-1"),
        ], time: Make.days(1), grid: grid)
    ) { v, _, _, _, i in
      switch v {
      case 0: 280 + 8 * (Double(i) - 30) / (1 + abs(Double(i) - 30))
      case 1: 10
      default: 0
      }
    }
    let plan = try Plan(
      Fronts.self, ["u": "u", "v": "v", "gradient": 2, "smooth": 1, "length": 1000], on: data)
    let result = try plan.run()
    for j in 2..<39 {
      let row = (0...60).map { result[0, 0, 0, j, $0] }
      #expect(row.indices.filter { row[$0] > 0 } == [30], "row \(j)")
      #expect(row[30] == 1)
    }
    let fronts = try found(plan)
    #expect(fronts.count == 1)
    // Along the meridian, 10 m s-1 towards the warm air.
    #expect(
      fronts.first.map { min($0.values[1], 180 - $0.values[1]) < 3 && abs($0.values[3] - 10) < 0.5 } == true)
  }

  @Test func riversAreLongAndNarrow() throws {
    let grid = Make.globe(36, 72)
    let data = Field(
      Description(variables: [Make.variable("ivt", nil, "kg m-1 s-1")], time: nil, grid: grid)
    ) { _, _, _, j, i in
      if j == 26, (68...71).contains(i) || i < 6 { return 400 }
      if (8...12).contains(j), (20...26).contains(i) { return 600 }
      return 100
    }
    let plan = try Plan(Rivers.self, ["width": ["at-most": 900]], on: data)
    _ = try plan.run()
    let rivers = try found(plan)
    #expect(rivers.count == 1 && rivers[0].cells.count == 10)
    #expect(abs(rivers[0].values[4] - 400) < 1e-9)
  }
}
