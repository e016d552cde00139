import Grids
import Stages
import Testing

@Suite("combine") struct CombineTests {
  private let grid = Make.globe(6, 12)
  private func field(_ variables: [VariableDescription], isStatic: Bool = false, seed: UInt64 = 7) -> Field {
    Make.noise(
      Description(variables: variables, time: isStatic ? nil : Make.days(4), grid: grid), 1...300, seed: seed,
      missing: 0.1)
  }
  private func plan(_ keys: KeyValuePairs<String, Yaml>, _ a: Field, _ b: Field) throws -> Plan {
    try Plan(Combine.self, keys, ["input": [("a", a)], "with": [("b", b)]])
  }

  @Test(arguments: ["difference", "sum", "product", "ratio"]) func equalsPlainArithmetic(name: String) throws
  {
    let a = field([Make.variable("a", nil, "m"), Make.variable("b", nil, "m")])
    let b = field([Make.variable("c", nil, "m")], isStatic: true, seed: 8)
    let result = try plan(["operation": .text(name)], a, b).run()
    for v in 0..<2 {
      for t in 0..<4 {
        for j in 0..<6 {
          for i in 0..<12 {
            let (x, y) = (Double(a[v, t, 0, j, i]), Double(b[0, 0, 0, j, i]))
            let expected =
              name == "difference" ? x - y : name == "sum" ? x + y : name == "product" ? x * y : x / y
            let found = result[v, t, 0, j, i]
            #expect(found.isNaN ? expected.isNaN : found == Float(expected))
          }
        }
      }
    }
  }

  @Test func convertsUnitsAndKeepsTheirMeaning() throws {
    let kelvin = field([Make.variable("tas", "air_temperature", "K")])
    var celsius = kelvin
    celsius.description.variables[0].units = "degC"
    let same = try plan([:], kelvin, celsius)
    #expect(same.description.variables[0].units == "K" && same.description.variables[0].standardName == nil)
    #expect(same.description.variables[0].attributes["units_metadata"]?.text == "temperature: difference")
    let result = try same.run(cuts: 2)
    #expect(result.numbers.allSatisfy { $0.isNaN || abs($0 + 273.15) < 1e-3 })

    // A difference of 1 degC is one of 1 K, and a temperature with a difference is a temperature.
    var change = celsius
    change.description.variables[0].attributes = [.init("units_metadata", "temperature: difference")]
    let warmed = try plan(["operation": "sum"], kelvin, change)
    #expect(warmed.description.variables[0].standardName == "air_temperature")
    #expect(try warmed.run(cuts: 2).numbers.allSatisfy { $0.isNaN || $0 <= 600 })
    let back = try plan([:], kelvin, change).description.variables[0]
    #expect(back.standardName == "air_temperature" && back.units == "K")

    let length = field([Make.variable("z", nil, "m")]), time = field([Make.variable("t", nil, "s")])
    #expect(try plan(["operation": "ratio"], length, time).description.variables[0].units == "(m) (s)-1")
    #expect(try plan(["operation": "ratio"], length, length).description.variables[0].units == "1")
    #expect(try plan(["operation": "product"], length, time).description.variables[0].units == "(m) (s)")
    let named = try plan(["name": "w", "standard-name": "wind_speed"], length, length).description.variables[
      0]
    #expect(named.name == "w" && named.standardName == "wind_speed")
  }

  @Test func aRatioByZeroIsMissing() throws {
    let a = field([Make.variable("a", nil, "m")])
    let zero = Field(a.description, a.numbers.map { _ in 0 })
    #expect(try plan(["operation": "ratio"], a, zero).run(cuts: 2).numbers.allSatisfy(\.isNaN))
  }

  @Test func saysWhatDoesNotFit() throws {
    let a = field([Make.variable("a", nil, "m"), Make.variable("b", nil, "m"), Make.variable("c", nil, "m")])
    let two = field([Make.variable("a", nil, "m"), Make.variable("b", nil, "m")])
    let seconds = field([Make.variable("t", nil, "s")]), bare = field([Make.variable("t")])
    #expect(fault { try plan([:], a, two) }?.cause.contains("3 variables and `b` 2") == true)
    #expect(fault { try plan([:], a, seconds) }?.cause.contains("is in s and `a` in m") == true)
    #expect(fault { try plan([:], a, bare) }?.cause.contains("no units") == true)
    #expect(fault { try plan(["name": "x"], a, seconds) }?.cause.contains("for one variable") == true)
    #expect(
      fault { try plan(["standard-name": "hight"], bare, bare) }?.cause.contains("standard name") == true)
  }
}
