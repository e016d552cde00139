import GridFiles
import Grids
import Stages
import Testing

@Suite("standardise") struct StandardiseTests {
  let field = Make.noise(
    Description(
      variables: [
        Make.variable("tas", "air_temperature", "K"), Make.variable("zg", "geopotential_height", "m"),
      ],
      time: Make.days(9), layers: [Make.pressures([850, 500])], grid: Make.globe(4, 6)), 250...300,
    missing: 0.1)

  func moments(_ values: [Float]) -> (mean: Double, std: Double) {
    let x = values.filter { !$0.isNaN }.map(Double.init)
    let mean = x.reduce(0, +) / Double(x.count)
    return (mean, (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)).squareRoot())
  }

  func values(_ field: Field, _ v: Int, _ l: Int) -> [Float] {
    var result: [Float] = []
    for t in 0..<9 { for j in 0..<4 { for i in 0..<6 { result.append(field[v, t, l, j, i]) } } }
    return result
  }

  @Test func overAll() throws {
    let result = try Plan(Standardise.self, ["variables": ["tas"]], on: field).run()
    for l in 0..<2 {
      let (mean, std) = moments(values(field, 0, l))
      expectClose(
        values(result, 0, l), values(field, 0, l).map { (Double($0) - mean) / std }, relative: 1e-5,
        absolute: 2e-6)
      let after = moments(values(result, 0, l))
      #expect(abs(after.mean) < 1e-5 && abs(after.std - 1) < 1e-5)
      #expect(values(result, 1, l).map(\.bitPattern) == values(field, 1, l).map(\.bitPattern))
    }
    #expect(result.description.variables.map(\.units) == ["1", "m"])
    #expect(result.description.variables[0].standardName == nil)
  }

  @Test func overTime() throws {
    let result = try Plan(Standardise.self, ["over": "time"], on: field).run()
    for v in 0..<2 {
      for j in 0..<4 {
        for i in 0..<6 {
          let series = (0..<9).map { field[v, $0, 1, j, i] }
          let (mean, std) = moments(series)
          expectClose(
            (0..<9).map { result[v, $0, 1, j, i] }, series.map { (Double($0) - mean) / std }, relative: 1e-5,
            absolute: 5e-6)
        }
      }
    }
  }

  @Test func givenNumbersAndBack() throws {
    let keys: KeyValuePairs<String, Yaml> = [
      "mean": ["tas": 273.15, "zg": 100], "std": ["air_temperature": 12.5, "zg": 3],
    ]
    let result = try Plan(Standardise.self, keys, on: field).run(cuts: 3)
    expectClose(values(result, 0, 0), values(field, 0, 0).map { (Double($0) - 273.15) / 12.5 })
    #expect(result.description.variables[0].attributes["standardised_mean"]?.number == 273.15)
    let back = try Plan(Standardise.self, ["invert": true], on: result).run(cuts: 3)
    expectClose(back.numbers, field.numbers.map(Double.init), relative: 2e-7)
    #expect(back.description == field.description.withLongNames(of: back.description))
  }

  @Test func faults() {
    let cases: [(KeyValuePairs<String, Yaml>, String, Int)] = [
      (["mean": 3], "given together", 1),
      (["mean": 3, "std": 0], "greater than 0", 2),
      (["mean": ["tas": 1], "std": 2], "no number for `zg`", 1),
      (["mean": ["tos": 1], "std": 2], "no variable `tos`", 1),
      (["invert": true], "no attribute standardised_mean", 1),
      (["mean": 1, "std": 1, "over": "all"], "exclude each other", 3),
    ]
    for (keys, text, line) in cases {
      let error = fault { try Plan(Standardise.self, keys, on: field) }
      #expect(error?.cause.contains(text) == true, "\(String(describing: error))")
      #expect(error?.mark?.line == line)
    }
  }

  @Test func whatNeverChangesIsRefused() throws {
    var constant = field
    constant.numbers = constant.numbers.map { _ in 4 }
    #expect(throws: StageError.self) { try Plan(Standardise.self, on: constant).run() }
    let missing = try Plan(Standardise.self, ["over": "time"], on: constant).run(cuts: 1)
    #expect(missing.numbers.allSatisfy { $0.isNaN })
  }
}

extension Description {
  /// Long names are made where there were none.
  fileprivate func withLongNames(of other: Description) -> Description {
    var result = self
    for index in variables.indices { result.variables[index].longName = other.variables[index].longName }
    return result
  }
}
