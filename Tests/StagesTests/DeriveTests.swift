import Foundation
import Grids
import Stages
import Testing

@Suite("derive") struct DeriveTests {
  static let grid = Make.globe(6, 12)

  static func field(_ variables: [VariableDescription], _ numbers: [Int], levels: Bool = true) -> Field {
    // Number of the variable: base, amplitude.
    let ranges = [
      (-30.0, 60.0), (-30, 60), (230, 70), (5, 90), (0.0005, 0.015), (100, 500), (70000, 35000), (230, 60),
    ]
    let heights = [0.0, 1400, 5500, 9000]
    return Field(
      Description(
        variables: variables, time: Make.days(2),
        layers: levels ? [Make.pressures([1000, 850, 500, 300])] : [],
        grid: grid)
    ) { v, t, l, j, i in
      let n = numbers[v]
      let k = ((t * (levels ? 4 : 1) + l) * 6 + j) * 12 + i
      let value = Float(ranges[n].0 + ranges[n].1 * Double((7919 * k + 104729 * n) % 1009) / 1009)
      return n == 5 ? Double(Float(Double(value) + heights[l])) : Double(value)
    }
  }

  static let names = [
    Make.variable("ua", "eastward_wind", "m s-1"), Make.variable("va", "northward_wind", "m s-1"),
    Make.variable("ta", "air_temperature", "K"), Make.variable("hur", "relative_humidity", "%"),
    Make.variable("hus", "specific_humidity", "kg kg-1"), Make.variable("zg", "geopotential_height", "m"),
    Make.variable("ps", "surface_air_pressure", "Pa"), Make.variable("td", "dew_point_temperature", "K"),
  ]

  static func levels(_ numbers: [Int]) -> Field { field(numbers.map { names[$0] }, numbers) }

  static let peer = Result { try peerNumbers("derive", [String: [Double]].self) }

  /// Against numpy: peers/derive.py.
  @Test(arguments: [
    ("wind_speed", [0, 1]), ("wind_direction", [0, 1]), ("vorticity", [0, 1]), ("divergence", [0, 1]),
    ("specific_humidity", [2, 3]), ("relative_humidity", [2, 4]), ("dew_point", [4]),
    ("potential_temperature", [2]), ("equivalent_potential_temperature", [2, 4]),
    ("virtual_temperature", [2, 4]), ("vapour_pressure_deficit", [2, 3]), ("geopotential_thickness", [5]),
    ("lapse_rate", [2, 5]), ("integrated_water_vapour", [4]), ("vapour_transport", [4, 0, 1]),
  ])
  func agreesWithThePeer(_ quantity: String, _ variables: [Int]) throws {
    let expected = try #require(try Self.peer.get()[quantity])
    let field = Self.levels(variables)
    let plan =
      ["geopotential_thickness", "lapse_rate"].contains(quantity)
      ? try Plan(Derive.self, ["quantities": .text(quantity), "levels": [1000, 500]], on: field)
      : try Plan(Derive.self, ["quantities": .text(quantity)], on: field)
    let result = try plan.run(cuts: 20)
    // Vorticity is the small difference of large numbers.
    let scale = expected.map { abs($0) }.max() ?? 0
    expectClose(result.numbers, expected, relative: 2e-6, absolute: scale * 1e-7)
    for variable in result.description.variables {
      if let name = variable.standardName {
        let canonical = try #require(StandardNames.canonicalUnits(name))
        #expect(try UnitConversion(from: #require(variable.units), to: canonical).factor > 0)
      }
      #expect(variable.longName != nil)
    }
  }

  @Test func severalQuantitiesAndTheInputTogether() throws {
    let plan = try Plan(
      Derive.self, ["quantities": ["wind_speed", "vorticity"], "keep": true], on: Self.levels([0, 1]))
    #expect(plan.description.variables.map(\.name) == ["ua", "va", "wind_speed", "vorticity"])
    _ = try plan.run(cuts: 5)
  }

  @Test func explicitNamesAndUnits() throws {
    // Knots, and no standard names.
    var field = Self.levels([0, 1])
    for v in 0..<2 {
      field.description.variables[v].standardName = nil
      field.description.variables[v].units = "km h-1"
    }
    let result = try Plan(Derive.self, ["quantities": "wind_speed", "u": "ua", "v": "va"], on: field).run(
      cuts: 1)
    let expected = try Self.peer.get()["wind_speed"].map { $0.map { $0 / 3.6 } }
    expectClose(result.numbers, try #require(expected), relative: 2e-6)
  }

  @Test func humidityFromTheDewPoint() throws {
    let expected = try #require(try Self.peer.get()["specific_humidity at the dew point"])
    let result = try Plan(Derive.self, ["quantities": "specific_humidity"], on: Self.levels([7])).run(cuts: 2)
    // Vapour pressures above the air pressure have no humidity: none here.
    expectClose(result.numbers, expected, relative: 2e-6)
  }

  @Test func waterToTheSurface() throws {
    let expected = try #require(try Self.peer.get()["integrated_water_vapour to the surface"])
    let surface = Self.field([Self.names[6]], [6], levels: false)
    let result = try Plan(
      Derive.self, ["quantities": "integrated_water_vapour"],
      ["input": [("levels", Self.levels([4]))], "with": [("surface", surface)]]
    ).run()
    expectClose(result.numbers, expected, relative: 2e-6)
  }

  @Test func levelsBelowTheGroundAreLeftOut() throws {
    var field = Self.levels([4])
    for k in field.numbers.indices where k / 72 % 4 == 0 { field.numbers[k] = .nan }
    let result = try Plan(Derive.self, ["quantities": "integrated_water_vapour"], on: field).run(cuts: 4)
    let q = (1...3).map { Double(field[0, 1, $0, 2, 3]) }
    let expected = ((q[0] + q[1]) / 2 * 35000 + (q[1] + q[2]) / 2 * 20000) / 9.80665
    #expect(abs(Double(result[0, 1, 0, 2, 3]) - expected) < 1e-5 * expected)
    for k in field.numbers.indices where k / 72 % 4 == 2 { field.numbers[k] = .nan }
    let broken = try Plan(Derive.self, ["quantities": "integrated_water_vapour"], on: field).run(cuts: 1)
    #expect(broken.numbers.allSatisfy { $0.isNaN })
  }

  /// A solid rotation u = U cos(lat) has vorticity 2 U sin(lat) / a and no divergence; the poles are missing.
  @Test func solidRotation() throws {
    let (ny, nx, speed) = (91, 36, 40.0)
    let grid = Make.regular((0..<ny).map { 90 - 2 * Double($0) }, (0..<nx).map { Double($0) * 10 })
    let field = Field(
      Description(
        variables: [Self.names[0], Self.names[1]], time: nil, grid: grid)
    ) { v, _, _, j, _ in v == 0 ? speed * cos((90 - 2 * Double(j)) * .pi / 180) : 0 }
    let result = try Plan(Derive.self, ["quantities": ["vorticity", "divergence"]], on: field).run()
    #expect(result[0, 0, 0, 0, 5].isNaN && result[0, 0, 0, 90, 5].isNaN)
    for j in 2..<89 {
      let expected = 2 * speed * sin((90 - 2 * Double(j)) * .pi / 180) / 6_371_229
      for i in [0, 17, 35] {
        #expect(abs(Double(result[0, 0, 0, j, i]) - expected) < 0.001 * 2 * speed / 6_371_229)
        #expect(abs(result[1, 0, 0, j, i]) < 1e-12)
      }
    }
  }

  @Test func calmAirHasNoDirection() throws {
    let wind = Field(
      Description(
        variables: [Self.names[0], Self.names[1]], time: nil, grid: Make.regular([0], [0, 1, 2, 3, 4]))
    ) { v, _, _, _, i in [[0, 0, -1, 1, 0], [0, -1, 0, 0, 1]][v][i] }
    let result = try Plan(Derive.self, ["quantities": "wind_direction"], on: wind).run(cuts: 1)
    #expect(result.numbers[0].isNaN)
    #expect(Array(result.numbers[1...]) == [0, 90, 270, 180])
  }

  @Test(arguments: ["month", "season", "all"])
  func anomalies(_ period: String) throws {
    let field = Make.noise(
      Description(
        variables: [Make.variable("tas", "air_temperature", "degC")],
        time: Make.days(36, step: 30, .day360, bounds: true),
        grid: Make.globe(3, 5)), -20...30, missing: 0.1)
    func part(_ t: Int) -> Int { period == "month" ? t % 12 : period == "season" ? (t + 1) % 12 / 3 : 0 }
    let plan = try Plan(Derive.self, ["quantities": "anomaly", "period": .text(period)], on: field)
    let result = try plan.run()
    #expect(result.description.variables[0].standardName == "air_temperature_anomaly")
    #expect(result.description.variables[0].units == "K")
    for t in 0..<36 {
      let members = (0..<36).filter { part($0) == part(t) }.map { field[0, $0, 0, 1, 2] }.filter { !$0.isNaN }
      let mean = members.reduce(0) { $0 + Double($1) } / Double(members.count)
      let (x, found) = (field[0, t, 0, 1, 2], result[0, t, 0, 1, 2])
      #expect(x.isNaN ? found.isNaN : abs(Double(found) - (Double(x) - mean)) < 1e-5)
    }
    // The same from a climatology of its own, in parts of the year.
    guard period != "all" else { return }
    let climate = try Plan(Aggregate.self, ["over": .text(period), "climatology": true], on: field).run(
      cuts: 0)
    let other = try Plan(
      Derive.self, ["quantities": "anomaly", "period": .text(period)],
      ["input": [("field", field)], "climatology": [("normal", climate)]]
    ).run(cuts: 4)
    #expect(other.numbers.map(\.bitPattern) == result.numbers.map(\.bitPattern))
  }

  @Test func faults() {
    let wind = Self.levels([0, 1])
    var wrong = wind
    wrong.description.variables[0].units = "K"
    var bare = wind
    bare.description.grid = Make.curvilinear(6, 12) { (Double($0), Double($1)) }
    var without = wind
    without.description.variables[1].units = nil
    let cases: [(KeyValuePairs<String, Yaml>, Field, String, String)] = [
      (["quantities": "wind_sped"], wind, "knows no quantity", "did you mean `wind_speed`"),
      (["quantities": "potential_temperature"], wind, "needs the air temperature", "temperature: ..."),
      (
        ["quantities": "wind_speed"], wrong, "`ua` (the eastward wind) is in K, expected units like m s-1", ""
      ),
      (["quantities": "wind_speed"], without, "has no units", ""),
      (["quantities": "vorticity"], bare, "curvilinear grid", "regrid"),
      (
        ["quantities": "wind_speed", "temperature": "ta"], wind, "`temperature` is no key of `wind_speed`",
        "dew_point"
      ),
      (["quantities": "wind_speed", "u": "uas"], wind, "no variable `uas`", "`ua`"),
      (["quantities": "geopotential_thickness"], Self.levels([5]), "needs two `levels`", ""),
      (
        ["quantities": "geopotential_thickness", "levels": [1000, 400]], Self.levels([5]), "no level 400",
        "850"
      ),
      (["quantities": "specific_humidity"], Self.levels([3]), "needs the air temperature", ""),
      (
        ["quantities": "integrated_water_vapour"], Self.field([Self.names[4]], [4], levels: false),
        "needs levels of pressure", ""
      ),
    ]
    for (keys, field, cause, remedy) in cases {
      let error = fault { try Plan(Derive.self, keys, on: field) }
      #expect(error?.cause.contains(cause) == true, "\(String(describing: error))")
      #expect(
        remedy.isEmpty || error?.remedy?.contains(remedy) == true, "\(String(describing: error?.remedy))")
      #expect(error?.mark != nil)
    }
  }

  @Test func theHelpNamesEveryQuantity() {
    let text = Derive.declaration.discussion
    for name in ["wind_speed", "vorticity", "vapour_transport", "anomaly", "Bolton (1980)"] {
      #expect(text.contains(name))
    }
    let keys = Derive.declaration.keys.map(\.name)
    #expect(Set(keys).count == keys.count)
  }
}
