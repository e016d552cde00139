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
