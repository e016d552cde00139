import GridFiles
import Grids
import Testing

@testable import Stages

@Suite struct RegridStageTests {
  static func field(missing: Double = 0.1) -> Field {
    Make.noise(
      Description(
        variables: [Make.variable("a"), Make.variable("b")], time: Make.days(2),
        layers: [Make.pressures([500, 850])], grid: Make.globe(12, 24)), 1...2, missing: missing)
  }

  @Test("any cut gives the same bits", arguments: RegridMethod.allCases)
  func cuts(_ method: RegridMethod) throws {
    let plan = try Plan(Regrid.self, ["to": "r30x17", "method": .text(method.rawValue)], on: Self.field())
    let result = try plan.run()
    #expect(result.description.grid.ny == 17 && result.description.grid.nx == 30)
    #expect(result.numbers.contains { !$0.isNaN })
  }

  @Test("any cut gives the same bits from and to a curvilinear grid", arguments: RegridMethod.allCases)
  func curvilinearCuts(_ method: RegridMethod) throws {
    let skewed = Make.curvilinear(14, 15) { j, i in
      (Double(30 + j) + 0.1 * Double(i), Double(5 + i) - 0.2 * Double(j))
    }
    let to: Yaml = [
      "latitude": ["first": 32, "last": 42, "step": 0.5], "longitude": ["first": 6, "last": 16, "step": 1],
    ]
    let name = Yaml.text(method.rawValue)
    let from = Make.noise(
      Description(variables: [Make.variable("a")], time: Make.days(3), grid: skewed), 1...2, missing: 0.05)
    let result = try Plan(Regrid.self, ["to": to, "method": name], on: from).run()
    #expect(result.numbers.contains { !$0.isNaN })
    let back = try Plan(
      Regrid.self, ["to": "target", "method": name],
      ["input": [("field", Self.field())], "to": [("target", from)]]
    ).run()
    #expect(back.description.grid == skewed)
    #expect(back.numbers.contains { !$0.isNaN })
  }

  /// A grid about a rotated pole, rows from -2, columns from 3 degrees.
  private static func rotated(_ ny: Int, _ nx: Int, step: Double, pole: Double = 39.25) throws -> Grid {
    func axis(_ name: String, _ kind: Axis.Kind, _ first: Double, _ count: Int) -> Axis {
      Axis(
        name: name, kind: kind, units: "degrees",
        values: (0..<count).map { first + (Double($0) + 0.5) * step })
    }
    return try Grid(
      kind: .rotatedPole, y: axis("rlat", .gridLatitude, -2, ny), x: axis("rlon", .gridLongitude, 3, nx),
      mapping: GridMapping(
        variableName: "rotated_pole",
        attributes: [
          Attribute("grid_mapping_name", "rotated_latitude_longitude"),
          Attribute("grid_north_pole_latitude", .float64([pole])),
          Attribute("grid_north_pole_longitude", .float64([-162])),
        ])
    ).withComputedCenters()
  }

  @Test func onOneRotatedPoleItIsInterpolatedAlongTheAxes() throws {
    let coarse = try Self.rotated(5, 6, step: 0.4), fine = try Self.rotated(20, 24, step: 0.1)
    let field = Make.noise(
      Description(variables: [Make.variable("a")], time: Make.days(2), grid: coarse), 1...2)
    let target = Make.noise(Description(variables: [Make.variable("b")], time: nil, grid: fine), 1...2)
    func plan(_ keys: KeyValuePairs<String, Yaml>) throws -> Plan {
      try Plan(Regrid.self, keys, ["input": [("field", field)], "to": [("target", target)]])
    }
    let held = try plan(["to": "target", "extrapolate": "edge"]).run()
    let plain = try plan(["to": "target"]).run()
    // The four source cells about a target cell; beyond the outer centres the value goes on.
    func place(_ k: Int, _ count: Int) -> (Int, Double, isInside: Bool) {
      let x = (Double(k) + 0.5) / 4 - 0.5
      let clamped = min(max(x, 0), Double(count - 1))
      let low = min(Int(clamped), count - 2)
      return (low, clamped - Double(low), x == clamped)
    }
    for t in 0..<2 {
      for j in 0..<20 {
        for i in 0..<24 {
          let ((r, s, inRows), (c, u, inColumns)) = (place(j, 5), place(i, 6))
          func value(_ j: Int, _ i: Int) -> Double { Double(field[0, t, 0, j, i]) }
          let expected =
            (value(r, c) * (1 - u) + value(r, c + 1) * u) * (1 - s)
            + (value(r + 1, c) * (1 - u) + value(r + 1, c + 1) * u) * s
          #expect(abs(Double(held[0, t, 0, j, i]) - expected) < 1e-6)
          #expect(plain[0, t, 0, j, i].isNaN == !(inRows && inColumns))
        }
      }
    }
    // A part needs a part of the source only.
    let part = try plan(["to": "target"])
    let region = Region(variables: 0..<1, times: 0..<1, layers: 0..<1, rows: 0..<4, columns: 0..<24)
    let needs = try #require(part.graph.computation(part.node)).steps(for: region).flatMap { $0 }
    #expect(needs.allSatisfy { $0.region.rows.count <= 2 })
  }

  @Test func edgesAreHeldOnAxesOnly() throws {
    let other = Make.noise(
      Description(
        variables: [Make.variable("b")], time: nil, grid: try Self.rotated(20, 24, step: 0.1, pole: 40)),
      1...2)
    let field = Make.noise(
      Description(variables: [Make.variable("a")], time: nil, grid: try Self.rotated(5, 6, step: 0.4)), 1...2)
    let streams: KeyValuePairs<String, [(String, Field)]> = [
      "input": [("field", field)], "to": [("target", other)],
    ]
    let error = fault { try Plan(Regrid.self, ["to": "target", "extrapolate": "edge"], streams) }
    #expect(error?.cause.contains("edges to be held") == true)
    let method = fault {
      try Plan(Regrid.self, ["to": "target", "extrapolate": "edge", "method": "conservative"], streams)
    }
    #expect(method?.cause.contains("for bilinear and bicubic") == true)
  }

  @Test func shareOfValidSource() throws {
    let description = Description(variables: [Make.variable("a")], time: nil, grid: Make.globe(2, 4))
    // Eight cells, one missing.
    let field = Field(description) { _, _, _, j, i in j == 0 && i == 0 ? .nan : 3 }
    let plan = try Plan(
      Regrid.self,
      [
        "to": [
          "latitude": ["first": -45, "last": 45, "step": 90],
          "longitude": ["first": 45, "last": 225, "step": 180],
        ],
        "method": "conservative", "valid-fraction": true,
      ], on: field)
    let result = try plan.run()
    #expect(result.description.variables.map(\.name) == ["a", "a_valid_fraction"])
    #expect(result.description.variables[1].units == "1")
    expectClose(Array(result.numbers[0..<4]), [3, 3, 3, 3])
    // The cell from -45 to 135 loses the quarter turn from -45 to 45.
    expectClose(Array(result.numbers[4..<8]), [0.5, 1, 1, 1])
  }

  @Test func faults() throws {
    let field = Self.field()
    #expect(fault { try Plan(Regrid.self, ["to": "r10"], on: field) }?.remedy?.contains("r360x180") == true)
    #expect(
      fault { try Plan(Regrid.self, ["to": "r8x4", "method": "bicubic", "min-valid": 0.5], on: field) } != nil
    )
    #expect(fault { try Plan(Regrid.self, ["to": "r8x4", "min-valid": 1.5], on: field) } != nil)
    #expect(fault { try Plan(Regrid.self, ["to": "r8x4", "max-distance": 10], on: field) } != nil)
    let bare = Field(
      Description(
        variables: [Make.variable("a")], time: nil,
        grid: Grid(kind: .bare, y: .index("y", 2), x: .index("x", 2)))
    ) { _, _, _, _, _ in 1 }
    #expect(fault { try Plan(Regrid.self, ["to": "r8x4"], on: bare) }?.cause.contains("latitude") == true)
  }
}
