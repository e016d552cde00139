import Basics
import Foundation
import Grids
import TestSupport
import Testing

@testable import Stages

/// Boxes on the sphere, their targets, and what is made of them.
@Suite("boxes") struct BoxTests {
  @Test func overlapOnTheSphere() {
    let quarter = SphereBox(south: 0, north: 90, west: 0, width: 90)
    #expect(abs(quarter.area / (.pi / 2 * SphereCells.radius * SphereCells.radius) - 1) < 1e-12)
    #expect(quarter.overlap(quarter) == 1)
    // Half of each, at the same latitudes: a third.
    let east = SphereBox(south: 0, north: 90, west: 45, width: 90)
    #expect(abs(quarter.overlap(east) - 1.0 / 3) < 1e-12 && abs(east.overlap(quarter) - 1.0 / 3) < 1e-12)
    // The same shift in degrees of latitude is another share of the area near the pole.
    let low = SphereBox(south: 0, north: 20, west: 0, width: 10)
    let lowShifted = SphereBox(south: 10, north: 30, west: 0, width: 10)
    func band(_ a: Double, _ b: Double) -> Double { sin(b * .pi / 180) - sin(a * .pi / 180) }
    #expect(abs(low.overlap(lowShifted) - band(10, 20) / band(0, 30)) < 1e-12)
    #expect(SphereBox(south: 40, north: 50, west: 0, width: 5).overlap(low) == 0)
    // A box of no width has nothing in common with anything.
    #expect(SphereBox(south: 0, north: 10, west: 3, width: 0).overlap(low) == 0)
  }

  @Test func theDateLineIsNoEdge() {
    let across = SphereBox(south: 10, north: 20, west: 175, width: 10)
    for turned in [
      SphereBox(south: 10, north: 20, west: -185, width: 10),
      SphereBox(south: 10, north: 20, west: 175, east: -175),
    ] {
      #expect(abs(across.overlap(turned) - 1) < 1e-12)
    }
    let west = SphereBox(south: 10, north: 20, west: -180, width: 10)
    #expect(abs(across.overlap(west) - 1.0 / 3) < 1e-12 && abs(west.overlap(across) - 1.0 / 3) < 1e-12)
    // Two wide boxes meet at both ends: 20 + 20 of 360 degrees.
    let wide = SphereBox(south: 10, north: 20, west: 0, width: 200)
    let other = SphereBox(south: 10, north: 20, west: 180, width: 200)
    #expect(abs(wide.overlap(other) - 40.0 / 360) < 1e-12)
    let whole = SphereBox(south: -5, north: 5, west: 0, width: 360)
    #expect(abs(whole.overlap(SphereBox(south: -5, north: 5, west: 300, width: 120)) - 1.0 / 3) < 1e-12)
  }

  @Test func onlyTheBestOfThoseThatOverlapStay() {
    func box(_ west: Double) -> SphereBox { SphereBox(south: 0, north: 10, west: west, width: 10) }
    // 0 and 2 share two thirds of either; 7 shares with 2 a third of all; one lies apart, across the seam.
    let boxes = [(box(0), 0.6), (box(2), 0.9), (box(7), 0.5), (box(355), 0.4), (box(180), 0.1)]
      .map { (box: $0.0, worth: $0.1) }
    #expect(SphereBox.suppressed(boxes, limit: 0.5) == [1, 2, 3, 4])
    #expect(SphereBox.suppressed(boxes, limit: 0.3) == [1, 3, 4])
    #expect(SphereBox.suppressed(boxes, limit: 0.1) == [1, 4])
    #expect(SphereBox.suppressed(boxes, limit: 1) == [1, 0, 2, 3, 4])
    // Of equal worth the first one stays.
    #expect(
      SphereBox.suppressed([(box(0), 0.5), (box(1), 0.5)].map { (box: $0.0, worth: $0.1) }, limit: 0.5) == [0]
    )
    // Against the definition, on random boxes.
    var random = Numbers(seed: 5)
    let many = (0..<60).map { _ in
      (
        box: SphereBox(
          south: -60 + 100 * random.unit(), north: 60 * random.unit(), west: 360 * random.unit(),
          width: 90 * random.unit()), worth: (random.unit() * 20).rounded() / 20
      )
    }
    let kept = SphereBox.suppressed(many, limit: 0.2)
    for index in many.indices {
      let better = kept.filter { other in
        other != index && many[other].box.overlap(many[index].box) > 0.2
          && (many[other].worth > many[index].worth
            || (many[other].worth == many[index].worth && other < index))
      }
      #expect(kept.contains(index) == better.isEmpty)
    }
  }

  /// A map of classes: 1 across the seam, 2 in the middle.
  func labels(_ grid: Grid, times: Int = 1) -> Field {
    var variable = Make.variable("event", nil, nil)
    variable.flags = [
      .init(value: 0, meaning: "background"), .init(value: 1, meaning: "cyclone"),
      .init(value: 2, meaning: "river"),
    ]
    return Field(
      Description(variables: [variable], time: Make.days(times), grid: grid)
    ) { _, t, _, j, i in
      if (8...10).contains(j), i >= 34 || i <= 2 { return 1 }
      if (3...4).contains(j), (10...19).contains(i) { return 2 }
      if t == 1, j == 15, i == 20 { return 1 }
      return 0
    }
  }

  @Test func targetsTellCentreAndSize() throws {
    let data = labels(Make.globe(18, 36), times: 3)
    let plan = try Plan(MarkBoxes.self, ["labelled": ["times": [0, 1]]], on: data)
    let result = try plan.run()
    #expect(
      result.description.variables.map(\.name) == [
        "box_probability_cyclone", "box_probability_river", "box_row", "box_column", "box_rows",
        "box_columns",
      ])
    // Rows 8 to 10 and columns 34 to 38: the centre is cell (9, 0).
    #expect((0..<6).map { result[$0, 0, 0, 9, 0] } == [1, 0, 0, 0, 3, 5])
    // Rows 3 to 4 and columns 10 to 19: between cells; the first ones have it.
    #expect((0..<6).map { result[$0, 0, 0, 3, 14] } == [0, 1, 0.5, 0.5, 2, 10])
    #expect((0..<6).map { result[$0, 1, 0, 15, 20] } == [1, 0, 0, 0, 1, 1])
    #expect(result.numbers.prefix(18 * 36).reduce(0, +) == 1)
    // Without labels: missing.
    #expect((0..<6).allSatisfy { v in (0..<18).allSatisfy { result[v, 2, 0, $0, 7].isNaN } })
    #expect(
      fault { try Plan(MarkBoxes.self, ["classes": ["cyclon"]], on: data) }?.remedy?.contains("cyclone")
        == true)
  }

  func found(_ plan: Plan) throws -> [FoundObject] {
    let computation = try #require(plan.graph.computation(plan.node) as? any Listing)
    return computation.listing.found.all
  }

  @Test func boxesOfTargetsAreThoseOfTheLabels() throws {
    let marks = try Plan(MarkBoxes.self, on: labels(Make.globe(18, 36))).run(cuts: 0)
    let plan = try Plan(Boxes.self, ["stride": 1], on: marks)
    let mask = try plan.run()
    let boxes = try found(plan)
    // probability, class, south, north, west, east: cells of 10 degrees, the first centred on 0 degrees east.
    #expect(
      boxes.map { Array($0.values.prefix(6)) } == [
        [1, 1, -10, 20, 335, 385], [1, 2, -60, -40, 95, 195],
      ])
    #expect(boxes.map(\.latitude) == [5, -50] && boxes.map(\.longitude) == [0, 145])
    let data = labels(Make.globe(18, 36))
    for j in 0..<18 { for i in 0..<36 { #expect(mask[0, 0, 0, j, i] == data[0, 0, 0, j, i], "\(j) \(i)") } }
    #expect(mask[1, 0, 0, 9, 0] == 1 && mask[1, 0, 0, 0, 0].isNaN)
  }

  /// What a network says: the same in all cells of a block.
  @Test func blocksSpeakThroughAnyOfTheirCells() throws {
    let grid = Make.globe(16, 32)
    let names = ["box_probability_cyclone", "box_row", "box_column", "box_rows", "box_columns"]
    let said = Field(
      Description(variables: names.map { Make.variable($0, nil, "1") }, time: Make.days(1), grid: grid)
    ) { v, _, _, j, i in
      let block = (j / 4, i / 4)
      // Two blocks say the same box, one of them less surely; the first cell of one is missing.
      if (j, i) == (4, 8) { return .nan }
      let probability = block == (1, 2) ? 0.9 : block == (1, 3) ? 0.8 : block == (3, 0) ? 0.7 : 0.1
      switch v {
      case 0: return probability
      case 1: return 5.5 - Double(j)
      case 2: return (block == (3, 0) ? -0.5 : 11.5) - Double(i)
      case 3: return 4
      default: return 6
      }
    }
    let plan = try Plan(Boxes.self, ["stride": 4, "at-least": 0.5, "overlap": 0.3], on: said)
    let mask = try plan.run()
    let boxes = try found(plan)
    #expect(boxes.map { ($0.values[0] * 10).rounded() } == [9, 7])
    // Rows 3.5 to 7.5 and columns 8.5 to 14.5 of cells of 11.25 degrees, rows from -84.375.
    #expect(boxes.first.map { Array($0.values[2..<6]) } == [-45, 0, 95.625, 163.125])
    #expect(
      (0..<16).map { mask[0, 0, 0, 5, $0] }
        == [1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0].map { Float($0) })
    #expect(mask[0, 0, 0, 4, 8].isNaN)
    #expect(boxes.count == 2 && boxes[1].values[4] == 320.625 && boxes[1].values[5] == 388.125)
    // The seam is inside the second one.
    #expect(mask[0, 0, 0, 5, 29] == 1 && mask[0, 0, 0, 5, 28] == 0)
    let bare = Field(Description(variables: [Make.variable("x", nil, "1")], time: nil, grid: grid)) {
      _, _, _, _, _ in 0
    }
    #expect(
      fault { try Plan(Boxes.self, ["stride": 4], on: bare) }?.cause.contains("box_probability_") == true)
  }

  // MARK: scores

  func objects(_ list: [(time: Int, west: Double, chance: Double)]) -> FoundObjects {
    let found = FoundObjects()
    for time in Set(list.map(\.time)) {
      found.set(
        list.filter { $0.time == time }.enumerated().map { index, one in
          FoundObject(
            time: time, number: index + 1, latitude: 5, longitude: one.west + 5,
            values: [one.chance, 1, 0, 10, one.west, one.west + 10, 1], cells: [])
        }, at: time)
    }
    return found
  }

  func matched(
    _ said: [(time: Int, west: Double, chance: Double)], _ true_: [(time: Int, west: Double, chance: Double)],
    overlap: Double, threshold: Verified.Threshold? = nil, measured: [Int]
  ) -> Matched {
    let columns = BoxScan.columns(["cyclone"])
    func listing(_ list: [(time: Int, west: Double, chance: Double)]) -> ObjectListing {
      ObjectListing(columns: columns, found: objects(list), noun: "box", west: 0)
    }
    let ticks = (0..<4).map { Int64($0) * 86_400_000_000 }
    return Matched(
      output: Description(
        variables: [], time: nil, grid: Grid(kind: .bare, y: .index("y", 1), x: .index("x", 1))),
      listing: listing(said), truth: .objects(listing(true_), ticks: ticks), ticks: ticks,
      cells: SphereCells(Make.globe(18, 36)), nearness: .overlap(overlap), tolerance: 0, steps: 1, column: 0,
      threshold: threshold, measured: measured, bins: 2, period: "all", metrics: [], json: nil, name: "x",
      order: 0)
  }

  @Test func thresholdsAreChosenElsewhereAndPrecisionIsAveraged() throws {
    let truth = [(0, 20.0, 1.0), (0, 100, 1), (1, 50, 1), (2, 200, 1), (3, 300, 1)]
      .map { (time: $0.0, west: $0.1, chance: $0.2) }
    let said = [
      (0, 21.0, 0.9), (0, 101, 0.6), (0, 60, 0.5), (1, 51, 0.7), (1, 120, 0.55), (2, 201, 0.8), (2, 10, 0.65),
      (2, 202, 0.3), (3, 100, 0.95),
    ].map { (time: $0.0, west: $0.1, chance: $0.2) }
    let matched = matched(said, truth, overlap: 0.5, measured: [2, 3])
    let pairs = Matched.Pairs(matched)
    // On the first two days everything from 0.6 on is right: 3 hits of 3, no false alarm.
    #expect(pairs.best([0, 1]) == 0.6)
    let chosen = pairs.counts([0, 1], from: 0.6)
    #expect((chosen.points, chosen.hits, chosen.objects, chosen.alarms) == (3, 3, 3, 0))
    // On the others it gives one hit of two, and two false alarms of three.
    let measured = pairs.counts([2, 3], from: 0.6)
    #expect((measured.points, measured.hits, measured.objects, measured.alarms) == (2, 1, 3, 2))
    // In the order 0.95 (wrong), 0.8 (right), 0.65, 0.3 (that one is found already): precision 1/2 at one of two.
    #expect(abs(pairs.averagePrecision([2, 3]) - 0.25) < 1e-12)
    let table = try pairs.reliability([2, 3], bins: 2)
    #expect(table.bins.map(\.count) == [1, 3] && table.bins.map(\.events) == [1, 1])
    #expect(abs(table.bins[1].forecast - 0.8) < 1e-12)
    #expect(abs(table.calibrationError - (abs(1 - 0.3) + abs(1 - 2.4)) / 4) < 1e-12)
  }

  // MARK: reliability of cells

  @Test func reliabilityIsWhatHappened() {
    var counts = ClassCounts()
    var random = Numbers(seed: 3)
    var expected = [(n: Int, events: Int, sum: Double)](repeating: (0, 0, 0), count: 10)
    for _ in 0..<5000 {
      let p = Float((random.unit() * 1000).rounded() / 1000)
      let isThere = random.unit() < Double(p) * Double(p)
      counts.add(p, isThere)
      let bin = min(9, Int(Double(p) * 10))
      expected[bin].n += 1
      expected[bin].events += isThere ? 1 : 0
      expected[bin].sum += Double(p)
    }
    let table = ReliabilityTable(counts, bins: 10)
    // A number at an edge of bins may fall on either side, for probabilities are told apart to 1/16384.
    for (found, wanted) in zip(table.bins, expected) {
      #expect(
        abs(found.count - wanted.n) <= 12
          && abs(found.observed - Double(wanted.events) / Double(wanted.n)) < 0.02)
      #expect(abs(found.forecast - wanted.sum / Double(wanted.n)) < 2e-3)
    }
    #expect(table.bins.reduce(0) { $0 + $1.count } == 5000)
    #expect(table.calibrationError > 0.1)
    #expect(ReliabilityTable(bins: 4).calibrationError.isNaN)
  }

  @Test func verifyTellsReliabilityAndTimes() throws {
    let grid = Make.globe(4, 8)
    var truth = Make.noise(
      Description(variables: [Make.variable("event", nil, nil)], time: Make.days(6), grid: grid), 0...1)
    truth.numbers = truth.numbers.map { $0 > 0.6 ? 1 : 0 }
    truth.description.variables[0].flags = [
      .init(value: 0, meaning: "background"), .init(value: 1, meaning: "storm"),
    ]
    let chance = Make.noise(
      Description(
        variables: [Make.variable("x_probability_storm", nil, "1")], time: Make.days(6), grid: grid), 0...1,
      seed: 9)
    let plan = try Plan(
      Verify.self,
      ["threshold": "best", "choose": ["times": [0, 2]], "reliability": 4],
      ["truth": [("truth", truth)], "methods": [("m", chance)]])
    let result = try plan.run(cuts: 0)
    let names = result.description.variables.map(\.name)
    let first = try #require(names.firstIndex(of: "forecast_1"))
    #expect(
      names[first...] == [
        "forecast_1", "observed_1", "cells_1", "forecast_2", "observed_2", "cells_2", "forecast_3",
        "observed_3", "cells_3", "forecast_4", "observed_4", "cells_4",
      ])
    let cells = (0..<4).map { result[first + 3 * $0 + 2, 0, 0, 0, 0] }
    // The last three days.
    #expect(cells.reduce(0, +) == 3 * 32)
    var own = [Float](repeating: 0, count: 4)
    var events = own
    for t in 3..<6 {
      for j in 0..<4 {
        for i in 0..<8 {
          let bin = min(3, Int(chance[0, t, 0, j, i] * 4))
          own[bin] += 1
          events[bin] += truth[0, t, 0, j, i]
        }
      }
    }
    #expect(cells == own)
    for bin in 0..<4 { #expect(abs(result[first + 3 * bin + 1, 0, 0, 0, 0] - events[bin] / own[bin]) < 1e-6) }
    let verified = try #require(plan.graph.computation(plan.node) as? Verified)
    #expect(verified.period == "2001-01-04 to 2001-01-06, threshold chosen on 2001-01-01 to 2001-01-03")
    #expect(
      fault {
        try Plan(
          Verify.self, ["reliability": 1], ["truth": [("truth", truth)], "methods": [("m", chance)]])
      }?.cause.contains("reliability") == true)
  }

  // MARK: best tracks

  @Test(.enabled(if: SharedData.has("detection/ibtracs_2_storms_v04r00.nc"), SharedData.reason))
  func realBestTracksOfNetCDF() throws {
    let path = try #require(SharedData.url("detection/ibtracs_2_storms_v04r00.nc")).path
    let tracks = try BestTracks(path, calendar: .standard)
    #expect(tracks.names == ["2021001S14136", "2021005S10101"])
    #expect(tracks.points.count == 27 + 45)
    let first = try #require(tracks.points.first)
    #expect(first.track == 0 && abs(first.longitude - 136.4) < 1e-4)
    #expect(first.ticks == CFCalendar.standard.microseconds(CFDate(2021, 1, 1)))
    let steps = zip(tracks.points, tracks.points.dropFirst()).filter { $0.track == $1.track }
    #expect(steps.allSatisfy { $1.ticks > $0.ticks })
  }

  /// Objects are numbered anew at each time; tracks are not.
  @Test func listsAsBestTracks() throws {
    for (id, names) in [("number", ["1", "2", "1"]), ("track_id", ["1", "2"])] {
      let points = "1,2000-01-01T00:00:00,10,20\n2,2000-01-01T00:00:00,30,20\n1,2000-01-02T00:00:00,90,20\n"
      let text = "\(id),time,lon,lat\n" + points
      let tracks = try BestTracks(Array(text.utf8), path: "list.csv", calendar: .standard)
      #expect(tracks.names == names)
      #expect(tracks.points.map(\.track) == (id == "number" ? [0, 1, 2] : [0, 1, 0]))
    }
  }

  @Test func filesThatAreNoBestTracks() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("best-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // A classic NetCDF header that ends too early, one of nothing, and an empty file.
    for (name, bytes) in [
      ("short.nc", [0x43, 0x44, 0x46, 1, 0, 0]),
      ("nothing.nc", [0x43, 0x44, 0x46, 1] + [UInt8](repeating: 0, count: 28)), ("empty.csv", []),
    ] as [(String, [UInt8])] {
      let url = folder.appendingPathComponent(name)
      try Data(bytes).write(to: url)
      #expect(throws: StageError.self, "\(name)") { try BestTracks(url.path, calendar: .standard) }
    }
  }
}
