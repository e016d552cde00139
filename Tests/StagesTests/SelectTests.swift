import Grids
import Stages
import Testing

@Suite("select") struct SelectTests {
  let field = Make.noise(
    Description(
      variables: [
        Make.variable("ua", "eastward_wind", "m s-1"), Make.variable("ta", "air_temperature", "K"),
      ],
      time: Make.days(365, bounds: true), layers: [Make.pressures([1000, 850, 500, 200])],
      grid: Make.globe(6, 12)), -50...50, missing: 0.05)

  @Test func variablesByStandardName() throws {
    let result = try Plan(Select.self, ["variables": ["air_temperature", "ua"]], on: field).run(cuts: 3)
    #expect(result.description.variables.map(\.name) == ["ta", "ua"])
    #expect(result[0, 30, 2, 4, 5].bitPattern == field[1, 30, 2, 4, 5].bitPattern)
  }

  @Test func datesIncludeTheirWholePeriod() throws {
    let plan = try Plan(Select.self, ["from": "2001-02-10", "to": "2001-03"], on: field)
    // Day of year 41 (10 February) to 90 (31 March), by index from 0.
    #expect(plan.description.time?.bounds?.first == 40 && plan.description.time?.bounds?.last == 90)
    let result = try plan.run(cuts: 3)
    #expect(result[0, 0, 0, 0, 0].bitPattern == field[0, 40, 0, 0, 0].bitPattern)
  }

  @Test func monthsSeasonsAndStep() throws {
    let january = try Plan(Select.self, ["months": ["jan", 12]], on: field)
    #expect(january.description.timeCount == 62)
    let winter = try Plan(Select.self, ["seasons": ["DJF"], "step": 2], on: field)
    #expect(winter.description.timeCount == 45)
    let result = try winter.run(cuts: 3)
    #expect(result[1, 44, 3, 5, 11].bitPattern == field[1, 363, 3, 5, 11].bitPattern)
    #expect(try Plan(Select.self, ["seasons": ["JJAS"]], on: field).description.timeCount == 122)
    #expect(
      try Plan(Select.self, ["times": [-3, -1]], on: field).description.time?.values == [362.5, 363.5, 364.5])
  }

  @Test func levelsInOtherUnitsAndOrder() throws {
    let result = try Plan(
      Select.self, ["levels": [20000, 85000], "level-units": "Pa", "times": [0, 1]], on: field
    ).run()
    #expect(result.description.layers[0].values == [200, 850])
    #expect(result[1, 1, 0, 2, 3].bitPattern == field[1, 1, 3, 2, 3].bitPattern)
    let near = try Plan(Select.self, ["levels": [700], "nearest": true, "squeeze": true], on: field)
    #expect(near.description.layers.isEmpty && near.description.scalars[0].value == 850)
    #expect(
      try Plan(Select.self, ["level-range": [600, 100]], on: field).description.layers[0].values == [
        500, 200,
      ])
    #expect(try Plan(Select.self, ["level-indices": [-1]], on: field).description.layers[0].values == [200])
  }

  /// Columns stand at 0, 30, ... 330 degrees.
  @Test func regionsAcrossTheSeams() throws {
    let atlantic = try Plan(
      Select.self, ["longitude": [-70, 40], "latitude": [80, 0], "times": [0, 0]], on: field)
    #expect(atlantic.description.grid.x.values == [-60, -30, 0, 30])
    #expect(atlantic.description.grid.y.values == [15, 45, 75])
    let result = try atlantic.run()
    #expect(result[0, 0, 1, 0, 0].bitPattern == field[0, 0, 1, 3, 10].bitPattern)
    #expect(result[0, 0, 1, 2, 3].bitPattern == field[0, 0, 1, 5, 1].bitPattern)
    let pacific = try Plan(Select.self, ["longitude": [170, -170]], on: field)
    #expect(pacific.description.grid.x.values == [180])
    let turned = try Plan(Select.self, ["longitude": [-180, 180]], on: field)
    #expect(turned.description.grid.x.values == (0..<12).map { -180 + 30 * Double($0) })
    #expect(
      try Plan(Select.self, ["longitude": [0, 360]], on: field).description.grid.x.values
        == field.description.grid.x.values)
  }

  @Test func columnsThatRepeatAreTakenOnce() throws {
    let grid = Make.regular([0, 10], (0...12).map { Double($0) * 30 })
    let field = Make.noise(Description(variables: [Make.variable("t")], time: nil, grid: grid), 0...1)
    let plan = try Plan(Select.self, ["longitude": [-30, 30]], on: field)
    #expect(plan.description.grid.x.values == [-30, 0, 30])
  }

  @Test func boxOfCurvilinearCells() throws {
    let grid = Make.curvilinear(5, 7) {
      (50 + Double($0) - 0.2 * Double($1), 350 + 3 * Double($1) + Double($0))
    }
    let field = Make.noise(Description(variables: [Make.variable("t")], time: nil, grid: grid), 0...1)
    let plan = try Plan(Select.self, ["longitude": [-5, 4], "latitude": [51, 53]], on: field)
    // By hand: cells with 51 <= 50 + j - 0.2 i <= 53 and 355 <= 350 + 3 i + j <= 364.
    var (rows, columns) = (Set<Int>(), Set<Int>())
    for j in 0..<5 {
      for i in 0..<7 {
        let (y, x) = (50 + Double(j) - 0.2 * Double(i), 350 + 3 * Double(i) + Double(j))
        if y >= 51, y <= 53, x >= 355, x <= 364 { rows.insert(j); columns.insert(i) }
      }
    }
    let (top, left) = (try #require(rows.min()), try #require(columns.min()))
    #expect(plan.description.grid.ny == rows.max().map { $0 - top + 1 })
    #expect(plan.description.grid.nx == columns.max().map { $0 - left + 1 })
    #expect(plan.description.grid.center(0, 0) == grid.center(top, left))
    #expect(try plan.run()[0, 0, 0, 0, 0] == field[0, 0, 0, top, left])
  }

  @Test func faults() {
    let cases: [(KeyValuePairs<String, Yaml>, String, Int, String)] = [
      (["variables": ["va"]], "no variable `va`", 1, "did you mean `ta`"),
      (["from": "2001-02-30"], "no date in the calendar noleap", 1, "2006-03-15"),
      (["from": "2004"], "no time step of `field` is selected", 1, "365 steps from 2001-01-01"),
      (["levels": [700]], "no level 700", 1, "1000, 850, 500, 200 hPa"),
      (["levels": [7], "level-units": "K"], "", 2, ""),
      (["latitude": [1, 2], "rows": [0, 1]], "exclude each other", 2, ""),
      (["latitude": [1, 2]], "no cell of `field` is selected", 1, "latitude -75 to 75"),
      (["rows": [0, 6]], "no row 6", 1, "0 to 5"),
      (["seasons": ["XYZ"]], "no season", 1, "JJAS"),
      (["squeeze": true, "levels": [850, 500]], "needs one level", 1, ""),
    ]
    for (keys, cause, line, remedy) in cases {
      let error = fault { try Plan(Select.self, keys, on: field) }
      #expect(cause.isEmpty || error?.cause.contains(cause) == true, "\(String(describing: error))")
      #expect(error?.mark?.line == line, "\(String(describing: error))")
      #expect(remedy.isEmpty || error?.remedy?.contains(remedy) == true, "\(String(describing: error))")
    }
  }
}
