import Foundation
import Grids
import Stages
import Testing

/// The fields of peers/scores.py.
enum ScoreFields {
  static let grid = Make.globe(6, 12)
  static let months = TimeAxis(
    values: (0..<26).map { 15 + Double($0) * 365 / 12 }, units: "days since 2001-01-01", calendar: .noLeap)

  static func field(
    _ v: Int, _ base: Double, _ amplitude: Double, _ name: String = "tas", _ units: String? = "K",
    isStatic: Bool = false
  ) -> Field {
    var k = -1
    return Field(
      Description(
        variables: [Make.variable(name, nil, units)], time: isStatic ? nil : months, grid: grid)
    ) { _, _, _, _, _ in
      k += 1
      if (k + v) % (11 + v) == 0 { return .nan }
      return base + amplitude * Double((7919 * k + 104729 * v) % 1009) / 1009
    }
  }

  static func sum(_ parts: [(Double, Field)], _ constant: Double = 0) -> Field {
    var k = -1
    let cells = grid.count
    return Field(parts[0].1.description) { _, _, _, _, _ in
      k += 1
      return parts.reduce(constant) { sum, part in
        let numbers = part.1.numbers
        let value = numbers[numbers.count == cells ? k % cells : k]
        return sum + part.0 * (value.isNaN ? 0 : Double(value))
      }
    }
  }

  static var truth: Field { field(0, 250, 40) }
  static var near: Field {
    var result = sum([(1, truth), (1, field(1, -1, 3))])
    for (i, value) in truth.numbers.enumerated() where value.isNaN { result.numbers[i] = .nan }
    return result
  }

  static func golden() throws -> [String: Any] {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "peers/scores.json")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
  }
}

@Suite("evaluate") struct EvaluateTests {
  private func plan(
    _ keys: KeyValuePairs<String, Yaml>, truth: Field = ScoreFields.truth, near: Field = ScoreFields.near
  ) throws -> Plan {
    try Plan(
      Evaluate.self, keys,
      ["truth": [("truth", truth)], "methods": [("near", near), ("far", ScoreFields.field(2, 255, 30))]])
  }

  private var regions: Yaml {
    [
      "all": ["rows": [0, -1]], "north": ["latitude": [0, 90]],
      "box": ["latitude": [-50, 50], "longitude": [-60, 60]],
      "rest": ["latitude": [-50, 50], "longitude": [300, 60], "outside": true],
    ]
  }

  @Test(arguments: ["none", "area"]) func equalsNumpy(weights: String) throws {
    let plan = try plan([
      "methods": ["near": "near", "far": "far"],
      "metrics": ["rmse", "mae", "bias", "correlation", "max-error"],
      "regions": regions, "by": "month", "weights": .text(weights),
    ])
    #expect(plan.description.layers.map(\.count) == [2, 4, 13])
    #expect(plan.description.layers[0].labels == ["near", "far"])
    #expect(plan.description.layers[2].labels?.prefix(3) == ["all", "01", "02"])
    #expect(plan.description.variables.map(\.name).last == "tas_n")
    let golden = try #require(ScoreFields.golden()[weights] as? [[Double]])
    let result = try plan.run(cuts: 4)
    for metric in 0..<6 {
      let found = (0..<104).map { result[metric, 0, $0, 0, 0] }
      expectClose(found, golden.map { $0[metric] }, relative: 3e-6, absolute: 1e-6)
    }
  }

  @Test func convertsUnitsAndCountsWhatAllHave() throws {
    // The same in degrees Celsius is no error.
    var celsius = ScoreFields.truth
    celsius.description.variables[0].units = "degC"
    celsius.numbers = celsius.numbers.map { $0 - 273.15 }
    let result = try Plan(
      Evaluate.self, ["metrics": ["rmse"]],
      [
        "truth": [("truth", ScoreFields.truth)],
        "methods": [("celsius", celsius), ("truth", ScoreFields.truth)],
      ]
    ).run(cuts: 2)
    #expect(result[0, 0, 0, 0, 0] < 2e-5 && result[0, 0, 1, 0, 0] == 0)
    #expect(Int(result[1, 0, 0, 0, 0]) == ScoreFields.truth.numbers.filter { !$0.isNaN }.count)
  }

  @Test func hasNoCorrelationOfConstants() throws {
    let constant = ScoreFields.sum([(0, ScoreFields.truth)], 273.4)
    let result = try plan(["by": "none"], near: constant).run(cuts: 2)
    #expect(result[3, 0, 0, 0, 0].isNaN && !result[3, 0, 1, 0, 0].isNaN)
  }

  @Test func writesTheScoresAsJSON() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "isotach-scores-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "scores.json").path
    _ = try plan(["json": .text(path), "regions": regions]).run(cuts: 0)
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: [[String: Any]]])
    let scores = try #require(object["scores"])
    #expect(scores.count == 2 * 4 * 4)
    let golden = try #require(ScoreFields.golden()["none"] as? [[Double]])
    let first = scores[0]
    #expect(first["method"] as? String == "near" && first["metric"] as? String == "rmse")
    #expect(first["region"] as? String == "all" && first["period"] as? String == "all")
    #expect(first["n"] as? Int == Int(golden[0][5]))
    // Doubles, not the float32 of the data set.
    #expect(abs(try #require(first["value"] as? Double) - golden[0][0]) < 1e-9)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["scores.json"])
  }

  @Test func saysWhatIsWrong() throws {
    var humid = ScoreFields.near
    humid.description.variables[0] = Make.variable("hurs", "relative_humidity", "%")
    humid.description.variables.append(Make.variable("ps", nil, "Pa"))
    humid.numbers += humid.numbers
    var percent = ScoreFields.near
    percent.description.variables[0].units = "%"
    let other = Make.noise(
      Description(variables: [Make.variable("tas", nil, "K")], time: nil, grid: Make.globe(6, 10)), 0...1)
    let cases: [(() throws -> Plan, String)] = [
      ({ try plan([:], near: humid) }, "has no variable `tas`"),
      ({ try plan([:], near: percent) }, "is in %, the truth in K"),
      ({ try plan([:], near: other) }, "different grids"),
      ({ try plan(["regions": ["x": ["rows": [0, 6]]]]) }, "there is no row 6"),
      ({ try plan(["regions": ["x": ["latitude": [80, 85]]]]) }, "no cell of `truth` lies there"),
      ({ try plan(["variables": ["pr"]]) }, "no variable `pr`"),
    ]
    for (make, text) in cases {
      let error = fault(make)
      #expect(error?.cause.contains(text) == true, "\(String(describing: error))")
    }
  }
}
