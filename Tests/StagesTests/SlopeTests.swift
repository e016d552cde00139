import Foundation
import Grids
import Stages
import Testing

/// The fields of peers/slopes.py.
@Suite("slope") struct SlopeTests {
  private func fields(_ grid: Grid) -> (y: Field, x: Field) {
    let heights = (0..<63).map { (k: Int) -> Double in Double(k * 7919 % 1009) }
    var x = heights.map { Float($0) }
    var y = (0..<63).map { (k: Int) -> Float in
      let rest = Double(k * 104729 % 997) / 997
      return Float(280 - 0.0065 * heights[k] + rest)
    }
    x[2 * 9 + 3] = .nan
    y[5 * 9 + 7] = .nan
    func field(_ name: String, _ units: String, _ numbers: [Float]) -> Field {
      Field(Description(variables: [Make.variable(name, nil, units)], time: nil, grid: grid), numbers)
    }
    return (field("tas", "degC", y), field("orog", "m", x))
  }

  private func golden(_ name: String) throws -> [Double] {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "peers/slopes.json")
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any]
    return try #require(object?[name] as? [Any]).map { $0 as? Double ?? .nan }
  }

  @Test func equalsNumpy() throws {
    let region = fields(Make.regular((0..<7).map(Double.init), (0..<9).map(Double.init)))
    let globe = fields(Make.globe(7, 9))
    let cases: [(String, (y: Field, x: Field), KeyValuePairs<String, Yaml>)] = [
      ("plain", region, [:]), ("ridge", region, ["window": 5, "prior": -0.0065, "ridge": 20000]),
      ("globe", globe, [:]),
    ]
    for (name, field, keys) in cases {
      let plan = try Plan(Slope.self, keys, ["input": [("y", field.y)], "on": [("x", field.x)]])
      let (found, expected) = (try plan.run(), try golden(name))
      #expect(found.numbers.map(\.isNaN) == expected.map(\.isNaN), "\(name)")
      for (a, b) in zip(found.numbers, expected) where !b.isNaN {
        #expect(abs(Double(a) - b) <= 1e-6 * max(abs(b), 1e-3), "\(name): \(a) and \(b)")
      }
      #expect(plan.description.variables[0].units == "(K) (m)-1")
    }
  }

  @Test func saysWhatIsWrong() throws {
    let field = fields(Make.globe(7, 9))
    for keys in [["window": 4], ["window": 1], ["ridge": -1]] as [KeyValuePairs<String, Yaml>] {
      #expect(throws: PlanError.self) {
        try Plan(Slope.self, keys, ["input": [("y", field.y)], "on": [("x", field.x)]])
      }
    }
    let other = fields(Make.globe(9, 7))
    #expect(throws: PlanError.self) {
      try Plan(Slope.self, [:], ["input": [("y", field.y)], "on": [("x", other.x)]])
    }
  }
}
