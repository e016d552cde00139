import Grids
import Stages
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("transform") struct TransformTests {
  let description = Description(
    variables: [Make.variable("pr", "precipitation_flux", "m2"), Make.variable("tas", nil, "K")],
    time: Make.days(3), grid: Make.globe(4, 8))

  @Test(arguments: ["log1p", "expm1", "log", "exp", "log10", "sqrt", "square", "cbrt", "abs"])
  func changesOneVariable(_ function: String) throws {
    let field = Make.noise(description, 0.1...9, missing: 0.1)
    let result = try Plan(
      Transform.self, ["function": .text(function), "variables": ["precipitation_flux"]], on: field
    ).run()
    let formula: (Double) -> Double =
      switch function {
      case "log1p": { log(1 + $0) }
      case "expm1": { exp($0) - 1 }
      case "log": { log($0) }
      case "exp": { exp($0) }
      case "log10": { log($0) / log(10) }
      case "sqrt": { pow($0, 0.5) }
      case "square": { pow($0, 2) }
      case "cbrt": { pow($0, 1.0 / 3) }
      default: { fabs($0) }
      }
    let half = field.numbers.count / 2
    expectClose(
      Array(result.numbers.prefix(half)), field.numbers.prefix(half).map { formula(Double($0)) },
      absolute: 1e-6)
    #expect(result.numbers.suffix(half).map(\.bitPattern) == field.numbers.suffix(half).map(\.bitPattern))
    let units = ["sqrt": "m", "square": "(m2)2", "abs": "m2"][function] ?? "1"
    #expect(result.description.variables[0].units == units)
  }

  @Test func clips() throws {
    let field = Make.noise(description, -5...5)
    let result = try Plan(Transform.self, ["function": "clip", "min": 0, "max": 2.5], on: field).run()
    #expect(result.numbers == field.numbers.map { min(max($0, 0), 2.5) })
  }

  @Test func refusesOrDropsWhatHasNoLogarithm() throws {
    let field = Make.noise(description, -5...5)
    #expect(throws: StageError.self) { try Plan(Transform.self, ["function": "log"], on: field).run() }
    let result = try Plan(Transform.self, ["function": "log", "invalid": "missing"], on: field).run()
    #expect(zip(result.numbers, field.numbers).allSatisfy { $0.isNaN == ($1 <= 0) })
  }

  @Test func faultsOfKeys() {
    let field = Make.noise(description, 0...1)
    let cases: [(KeyValuePairs<String, Yaml>, String, Int)] = [
      (["function": "clip"], "needs `min`, `max` or both", 1),
      (["function": "clip", "min": 3, "max": 1], "above `max`", 2),
      (["function": "sqrt", "max": 1], "belongs to `function: clip`", 2),
      (["function": "sqrt", "variables": ["tos"]], "no variable `tos`", 2),
    ]
    for (keys, text, line) in cases {
      let error = fault { try Plan(Transform.self, keys, on: field) }
      #expect(error?.cause.contains(text) == true, "\(String(describing: error))")
      #expect(error?.mark?.line == line)
    }
    #expect(
      fault { try Plan(Transform.self, ["function": "sqrt", "variables": ["tos"]], on: field) }?
        .remedy?.contains("`tas`") == true)
  }
}
