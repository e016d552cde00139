import Grids
import Testing

@testable import Stages

@Suite struct CoarsenTests {
  static func field(_ grid: Grid, missing: Double = 0) -> Field {
    Make.noise(
      Description(variables: [Make.variable("a")], time: Make.days(3), grid: grid), 1...2, missing: missing)
  }

  @Test("mean, sum, min and max of blocks", arguments: ["mean", "sum", "min", "max"])
  func methods(_ method: String) throws {
    let field = Self.field(Make.globe(6, 8))
    let result = try Plan(
      Coarsen.self, ["factor": ["rows": 3, "columns": 2], "method": .text(method)], on: field
    ).run()
    #expect(result.description.grid.ny == 2 && result.description.grid.nx == 4)
    #expect(result.description.variables[0].cellMethods?.hasPrefix("area: ") == true)
    for j in 0..<2 {
      for i in 0..<4 {
        let values = (0..<3).flatMap { b in (0..<2).map { Double(field[0, 1, 0, 3 * j + b, 2 * i + $0]) } }
        let sum = values.reduce(0, +)
        let expected =
          switch method {
          case "mean": sum / 6
          case "sum": sum
          case "min": values.min() ?? .nan
          default: values.max() ?? .nan
          }
        #expect(abs(Double(result[0, 1, 0, j, i]) - expected) < 1e-6 * abs(expected))
      }
    }
    let grid = result.description.grid
    #expect(grid.y.values == [-45, 45] && grid.y.bounds == [-90, 0, 0, 90])
    #expect(grid.x.values[0] == 22.5 && grid.x.bounds?[0] == -22.5)
  }

  @Test func conservativeKeepsTheSum() throws {
    let field = Self.field(Make.globe(12, 24))
    let result = try Plan(Coarsen.self, ["factor": 4, "method": "conservative"], on: field).run()
    let fine = try field.description.grid.cellAreas(), coarse = try result.description.grid.cellAreas()
    var (a, b) = (0.0, 0.0)
    for k in 0..<fine.count { a += fine[k] * Double(field.numbers[k]) }
    for k in 0..<coarse.count { b += coarse[k] * Double(result.numbers[k]) }
    #expect(abs(a - b) < 1e-6 * a)
  }

  @Test func boundaries() throws {
    let field = Self.field(Make.globe(7, 10), missing: 0.2)
    let refused = fault { try Plan(Coarsen.self, ["factor": 3], on: field) }
    #expect(refused?.cause.contains("7 x 10") == true && refused?.mark?.line == 1)
    #expect(
      try Plan(Coarsen.self, ["factor": 3, "boundary": "trim"], on: field).run().description.grid.ny == 2)
    let padded = try Plan(Coarsen.self, ["factor": 3, "boundary": "pad"], on: field).run()
    #expect(padded.description.grid.ny == 3 && padded.description.grid.nx == 4)
    #expect(padded.description.grid.y.bounds?.last == 90)
    let curved = Make.curvilinear(6, 6) { (Double($0) * 2, Double($1) * 2 + Double($0)) }
    let coarse = try Plan(Coarsen.self, ["factor": 2], on: Self.field(curved, missing: 0.3)).run()
    #expect(coarse.description.grid.cornerLatitudes?.count == 36)
    #expect(fault { try Plan(Coarsen.self, ["factor": 1], on: field) } != nil)
    #expect(fault { try Plan(Coarsen.self, ["factor": 20, "boundary": "trim"], on: field) } != nil)
  }
}
