import Foundation
import Grids
import Stages
import Testing

@Suite("conserve") struct ConserveTests {
  private func field(_ grid: Grid, missing: Double = 0, seed: UInt64 = 5) -> Field {
    Make.noise(
      Description(variables: [Make.variable("a", nil, "m")], time: Make.days(2), grid: grid), 1...3,
      seed: seed,
      missing: missing)
  }
  private func coarse(of field: Field, _ factor: Yaml = 4, _ method: Yaml = "mean") throws -> Field {
    try Plan(Coarsen.self, ["factor": factor, "method": method], on: field).run(cuts: 1)
  }
  private func run(_ keys: KeyValuePairs<String, Yaml>, _ fine: Field, _ coarse: Field) throws -> Field {
    try Plan(Conserve.self, keys, ["input": [("fine", fine)], "coarse": [("coarse", coarse)]]).run()
  }
  private func distance(_ a: Field, _ b: Field) -> Double {
    zip(a.numbers, b.numbers).reduce(0) { $1.0.isNaN ? $0 : max($0, Double(abs($1.0 - $1.1))) }
  }

  @Test(arguments: ["additive", "multiplicative"], ["cells", "area"])
  func blocksHaveTheMeansOfTheCoarseField(method: String, weights: String) throws {
    let fine = field(Make.globe(12, 24), missing: 0.1), truth = field(Make.globe(12, 24), seed: 9)
    let how: Yaml = weights == "area" ? "conservative" : "mean"
    let wanted = try coarse(of: truth, 4, how)
    let result = try run(["method": .text(method), "weights": .text(weights)], fine, wanted)
    #expect(distance(try coarse(of: result, 4, how), wanted) < 1e-6)
    #expect(zip(result.numbers, fine.numbers).allSatisfy { $0.isNaN == $1.isNaN })
    let (a, b) = (result[0, 1, 0, 5, 6], fine[0, 1, 0, 5, 6])
    let (c, d) = (result[0, 1, 0, 6, 7], fine[0, 1, 0, 6, 7])
    if ![a, b, c, d].contains(where: \.isNaN) {
      #expect(abs(method == "additive" ? (a - b) - (c - d) : a / b - c / d) < 1e-5)
    }
  }

  @Test func smoothSpreadingComesNearerWithEachPass() throws {
    let fine = field(Make.globe(12, 24)), wanted = try coarse(of: field(Make.globe(12, 24), seed: 9))
    var last = Double.infinity
    for (passes, text) in [(1, "1"), (2, "2"), (4, "4"), (8, "8")] as [(Yaml, String)] {
      let result = try run(["spread": "bilinear", "passes": passes], fine, wanted)
      let now = distance(try coarse(of: result), wanted)
      #expect(now < last, "\(text) passes")
      last = now
    }
    #expect(last < 0.02)
  }

  /// A lack that is linear in longitude is spread linearly, and goes on across the dateline of a globe.
  @Test func spreadsBetweenCentres() throws {
    var fine = field(Make.globe(4, 16))
    var wanted = try coarse(of: fine, 2)
    for k in fine.numbers.indices { fine.numbers[k] = 0 }
    for k in wanted.numbers.indices { wanted.numbers[k] = k % 8 == 0 ? 8 : 0 }
    let result = try run(["spread": "bilinear", "passes": 1], fine, wanted)
    #expect((0..<16).map { result[0, 0, 0, 1, $0] } == [6, 6, 2] + [Float](repeating: 0, count: 12) + [2])
  }

  /// Whatever a network without bounds makes becomes shares of the coarse amounts.
  @Test func softmaxSharesOutTheCoarseAmount() throws {
    var fine = field(Make.globe(12, 24), missing: 0.1)
    for k in fine.numbers.indices { fine.numbers[k] = 40 * (fine.numbers[k] - 2) }
    var wanted = try coarse(of: field(Make.globe(12, 24), seed: 9))
    wanted.numbers[3] = 0
    let result = try run(["method": "softmax", "scale": 20], fine, wanted)
    #expect(distance(try coarse(of: result), wanted) < 1e-6)
    #expect(result.numbers.allSatisfy { $0.isNaN || $0 >= 0 })
    #expect(zip(result.numbers, fine.numbers).allSatisfy { $0.isNaN == $1.isNaN })
    let (a, b) = (fine[0, 1, 0, 5, 6], fine[0, 1, 0, 6, 7])
    let (c, d) = (result[0, 1, 0, 5, 6], result[0, 1, 0, 6, 7])
    if ![a, b].contains(where: \.isNaN) { #expect(abs(log(c / d) - (a - b) / 20) < 1e-5) }
  }

  @Test func dryBlocksAndMissingBlocks() throws {
    var fine = field(Make.globe(4, 8)), wanted = try coarse(of: fine)
    for k in fine.numbers.indices { fine.numbers[k] = 0 }
    wanted.numbers[0] = 2
    wanted.numbers[1] = .nan
    let result = try run(["method": "multiplicative"], fine, wanted)
    #expect(result[0, 0, 0, 0, 0] == 2 && result[0, 0, 0, 3, 3] == 2 && result[0, 0, 0, 0, 4] == 0)
  }

  @Test func faults() throws {
    let fine = field(Make.globe(12, 24)), wanted = try coarse(of: fine, 4)
    #expect(throws: PlanError.self) { try run(["passes": 2], fine, wanted) }
    #expect(throws: PlanError.self) { try run([:], field(Make.globe(10, 24)), wanted) }
    #expect(throws: PlanError.self) { try run(["scale": 2], fine, wanted) }
    #expect(throws: PlanError.self) { try run(["method": "softmax", "spread": "bilinear"], fine, wanted) }
    #expect(throws: PlanError.self) { try run(["method": "softmax", "scale": 0], fine, wanted) }
    #expect(throws: PlanError.self) { try run([:], wanted, fine) }
    var celsius = wanted
    celsius.description.variables[0].units = "s"
    #expect(throws: PlanError.self) { try run([:], fine, celsius) }
  }
}
