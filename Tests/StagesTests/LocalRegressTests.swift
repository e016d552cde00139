import Foundation
import Grids
import Stages
import Testing

/// The fields of peers/neighbourhood.py.
private enum LocalFields {
  static let fine = Make.regular((0..<8).map { 40 + 0.5 * Double($0) }, (0..<12).map { 0.5 * Double($0) })
  static let rough = Make.regular((0..<4).map { 40.25 + Double($0) }, (0..<6).map { 0.25 + Double($0) })
  static let time: TimeAxis = {
    let starts = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
    func middle(_ k: Int) -> Double { Double(k / 12 * 365 + starts[k % 12] + 14) }
    return TimeAxis(
      values: (0..<40).map { middle($0) }, units: "days since 2001-01-01",
      calendar: .noLeap)
  }()

  static func raw(_ v: Int, _ base: Double, _ amplitude: Double, _ count: Int) -> [Float] {
    (0..<count).map { n in
      let place = ((7919 + 2 * v) * n + 104729 * v) % 1009
      return Float(base + amplitude * Double(place) / 1009)
    }
  }

  static func field(_ values: [Float], _ name: String = "tas", _ units: String = "K") -> Field {
    Field(
      Description(
        variables: [Make.variable(name, nil, units)], time: time, grid: values.count == 40 * 24 ? rough : fine
      ),
      values)
  }

  static var coarse: [Float] { raw(1, 270, 20, 40 * 24) }
  static var target: [Float] {
    raw(2, 0, 4, 40 * 96).enumerated().map { n, value in
      let (t, j, i) = (n / 96, n % 96 / 12, n % 12)
      return Float(Double(value) + Double(coarse[t * 24 + j / 2 * 6 + i / 2]))
    }
  }

  static func golden(_ name: String) throws -> [Double] {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "peers/neighbourhood.json")
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any]
    return try #require(object?[name] as? [Any]).map { $0 as? Double ?? .nan }
  }

  static func expect(_ field: Field, _ name: String, _ location: SourceLocation = #_sourceLocation) throws {
    let found = [0, 7, 35].flatMap { Array(field.numbers[$0 * 96..<($0 + 1) * 96]) }
    let expected = try golden(name)
    for (index, (a, b)) in zip(found, expected).enumerated() where a.isNaN != b.isNaN {
      Issue.record("\(name): \(a) and \(b) at \(index)", sourceLocation: location)
      return
    }
    expectClose(found, expected, relative: 1e-6, absolute: 1e-6, location)
  }
}

@Suite("local-regress") struct LocalRegressTests {
  @Test(arguments: [0, 0.3]) func equalsNumpy(ridge: Double) throws {
    var (coarse, target) = (LocalFields.coarse, LocalFields.target)
    (coarse[7 * 24 + 8], target[3 * 96 + 65]) = (.nan, .nan)
    let result = try Plan(
      LocalRegress.self, ["train": ["times": [0, 29]], "ridge": Yaml(floatLiteral: ridge)],
      ["input": [("coarse", LocalFields.field(coarse))], "target": [("fine", LocalFields.field(target))]]
    ).run(cuts: 2)
    try LocalFields.expect(result, ridge == 0 ? "ridge0" : "ridge0.3")
  }

  @Test func leavesOutWhatSaysNothingNew() throws {
    // A field of which every row is the same: neighbours above and below repeat what is between them.
    let numbers = LocalFields.coarse
    var (same, twice) = ([Float](), [Float]())
    for n in 0..<40 * 24 { same.append(numbers[n / 24 * 24 + n % 6]) }
    for n in 0..<40 * 96 {
      let (step, column) = (n / 96, n % 12 / 2)
      twice.append(2 * same[step * 24 + column])
    }
    let result = try Plan(
      LocalRegress.self, ["window": 3],
      [
        "input": [("coarse", LocalFields.field(same))],
        "target": [("fine", LocalFields.field(twice))],
      ]
    ).run(cuts: 0)
    expectClose(Array(result.numbers[..<96]), twice[..<96].map(Double.init), relative: 1e-6)
  }

  @Test func saysWhatIsWrong() throws {
    func plan(_ keys: KeyValuePairs<String, Yaml>, _ coarse: Field) throws -> Plan {
      try Plan(
        LocalRegress.self, keys,
        ["input": [("coarse", coarse)], "target": [("fine", LocalFields.field(LocalFields.target))]])
    }
    let coarse = LocalFields.field(LocalFields.coarse)
    let odd = Make.noise(
      Description(variables: coarse.description.variables, time: LocalFields.time, grid: Make.globe(5, 5)),
      0...1)
    let cases: [(KeyValuePairs<String, Yaml>, Field, String)] = [
      (["window": 2], coarse, "odd number"), (["ridge": -1], coarse, "0 or more"),
      (["window": 7], coarse, "40 steps cannot fix 50 coefficients"), ([:], odd, "are not blocks"),
    ]
    for (keys, field, text) in cases {
      let error = fault { try plan(keys, field) }
      #expect(error?.cause.contains(text) == true, "\(String(describing: error))")
    }
  }
}

@Suite("disaggregate") struct DisaggregateTests {
  @Test func equalsNumpy() throws {
    var (coarse, target) = (LocalFields.coarse, LocalFields.target)
    (coarse[7 * 24 + 8], target[3 * 96 + 65]) = (280, .nan)
    let result = try Plan(
      Disaggregate.self, ["train": ["times": [0, 23]]],
      ["input": [("coarse", LocalFields.field(coarse))], "observed": [("fine", LocalFields.field(target))]]
    ).run(cuts: 1)
    try LocalFields.expect(result, "additive")
    let rain = target.map { $0.isNaN ? 1 : Float(abs(Double($0) - 270) + 0.1) }
    let small = coarse.map { Float(abs(Double($0) - 270) + 0.2) }
    let ratios = try Plan(
      Disaggregate.self, ["train": ["times": [0, 23]], "kind": "multiplicative"],
      [
        "input": [("coarse", LocalFields.field(small, "pr", "mm"))],
        "observed": [("fine", LocalFields.field(rain, "pr", "mm"))],
      ]
    ).run(cuts: 1)
    try LocalFields.expect(ratios, "multiplicative")
  }

  @Test func saysWhatIsWrong() throws {
    let error = fault {
      try Plan(
        Disaggregate.self, ["train": ["months": [1]]],
        [
          "input": [("coarse", LocalFields.field(LocalFields.coarse))],
          "observed": [("fine", LocalFields.field(LocalFields.target))],
        ])
    }
    #expect(error?.cause.contains("that the training does not have") == true)
  }
}
