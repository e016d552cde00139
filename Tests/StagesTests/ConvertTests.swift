import GridFiles
import Grids
import Stages
import Testing

@Suite("convert and rename") struct ConvertTests {
  let field = Make.noise(
    Description(
      variables: [
        Make.variable("tas", "air_temperature", "K"), Make.variable("pr", "precipitation_flux", "kg m-2 s-1"),
        Make.variable("x"),
      ], time: Make.days(2), grid: Make.globe(4, 6)), 1...300, missing: 0.1)

  @Test func temperaturesAndRain() throws {
    let result = try Plan(
      Convert.self, ["units": ["tas": "degC", "precipitation_flux": "mm day-1"]], on: field
    ).run()
    let each = field.numbers.count / 3
    expectClose(
      Array(result.numbers[..<each]), field.numbers[..<each].map { Double($0) - 273.15 }, absolute: 1e-5)
    expectClose(
      Array(result.numbers[each..<2 * each]), field.numbers[each..<2 * each].map { Double($0) * 86400 })
    #expect(result.numbers[(2 * each)...].map(\.bitPattern) == field.numbers[(2 * each)...].map(\.bitPattern))
    #expect(result.description.variables.map(\.units) == ["degC", "mm day-1", nil])
    #expect(result.description.variables[1].standardName == "lwe_precipitation_rate")
    let back = try Plan(Convert.self, ["units": ["pr": "kg m-2 s-1"]], on: result).run(cuts: 1)
    #expect(back.description.variables[1].standardName == "precipitation_flux")
    expectClose(
      Array(back.numbers[each..<2 * each]), field.numbers[each..<2 * each].map(Double.init), relative: 2e-7)
  }

  @Test func faults() {
    let cases: [([(String, Yaml)], String)] = [
      ([("tas", "m")], "cannot be converted"), ([("x", "m")], "no units to convert from"),
      ([("tos", "K")], "no variable `tos`"),
      ([("pr", "K")], "cannot be converted"),
    ]
    for (units, text) in cases {
      let error = fault { try Plan(Convert.self, ["units": .map(units)], on: field) }
      #expect(error?.mark != nil && error?.subject != nil)
      #expect(
        error.map { ($0.cause + ($0.subject ?? "")).contains(text) } == true, "\(String(describing: error))")
    }
    #expect(fault { try Plan(Convert.self, ["units": "K"], on: field) }?.subject == "pr")
  }

  /// Twice the same statistic gives each attribute once, and a difference of temperatures keeps its zero.
  @Test func differencesOfTemperature() throws {
    let spread = try Plan(Aggregate.self, ["over": "all", "method": "range"], on: field).run(cuts: 0)
    let again = try Plan(Aggregate.self, ["over": "all", "method": "std"], on: spread)
    #expect(again.description.variables[0].attributes.filter { $0.name == "units_metadata" }.count == 1)
    let celsius = try Plan(Convert.self, ["units": ["tas": "degC"]], on: spread).run(cuts: 0)
    #expect(celsius.numbers.prefix(24).map(\.bitPattern) == spread.numbers.prefix(24).map(\.bitPattern))
    let fahrenheit = try Plan(Convert.self, ["units": ["tas": "degF"]], on: spread).run(cuts: 0)
    expectClose(Array(fahrenheit.numbers.prefix(24)), spread.numbers.prefix(24).map { Double($0) * 1.8 })
    let standard = try Plan(Standardise.self, ["mean": 1, "std": 2, "variables": ["tas"]], on: spread)
    #expect(standard.description.variables[0].attributes["units_metadata"] == nil)
  }

  @Test func renames() throws {
    let result = try Plan(
      Rename.self,
      [
        "names": ["air_temperature": "t2m"], "standard-names": ["x": "sea_ice_area_fraction"],
        "long-names": ["pr": "rain"],
      ],
      on: field
    ).run(cuts: 1)
    #expect(result.description.variables.map(\.name) == ["t2m", "pr", "x"])
    #expect(result.description.variables[2].standardName == "sea_ice_area_fraction")
    #expect(result.description.variables[1].longName == "rain")
    #expect(result.numbers.map(\.bitPattern) == field.numbers.map(\.bitPattern))
    let error = fault { try Plan(Rename.self, ["names": ["tas": "pr"]], on: field) }
    #expect(error?.cause.contains("would both be named `pr`") == true)
    #expect(
      fault { try Plan(Rename.self, ["names": ["tas": "2m"]], on: field) }?.cause.contains("no name") == true)
    let unknown = fault { try Plan(Rename.self, ["standard-names": ["tas": "air_temprature"]], on: field) }
    #expect(unknown?.remedy?.contains("`air_temperature`") == true)
    #expect(fault { try Plan(Rename.self, on: field) }?.cause.contains("nothing is renamed") == true)
  }
}
