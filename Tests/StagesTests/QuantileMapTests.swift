import Basics
import Foundation
import Grids
import Testing

@testable import Stages

/// The fields of peers/quantiles.py.
enum QuantileFields {
  static let (years, cells) = (30, 6)
  static let grid = Make.regular([50, 51], [0, 1, 2])

  static func axis(_ year: Int) -> TimeAxis {
    let starts = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
    func middle(_ k: Int) -> Double { Double(k / 12 * 365 + starts[k % 12] + 14) }
    return TimeAxis(
      values: (0..<12 * years).map { middle($0) },
      units: "days since \(year)-01-01", calendar: .noLeap)
  }

  static func raw(_ v: Int, _ base: Double, _ amplitude: Double) -> [Double] {
    (0..<12 * years * cells).map { n in
      let place = ((7919 + 2 * v) * n + 104729 * v) % 1009
      return base + amplitude * Double(place) / 1009
    }
  }

  static func field(
    _ name: String, _ units: String, _ year: Int, _ values: [Double], missing: Int? = nil
  ) -> Field {
    var numbers = values.map { Float($0) }
    if let missing { numbers[missing] = .nan }
    return Field(
      Description(variables: [Make.variable(name, nil, units)], time: axis(year), grid: grid), numbers)
  }

  static func tas(
    _ v: Int, _ base: Double, _ amplitude: Double, _ year: Int, trend: Double = 0, missing: Int?
  ) -> Field {
    let values = raw(v, base, amplitude).enumerated().map { n, value in
      let k = n / cells
      let season = 10 * sin(2 * Double.pi * Double(k % 12) / 12)
      return value + season + trend * Double(k)
    }
    return field("tas", "K", year, values, missing: missing)
  }

  static func pr(_ v: Int, _ base: Double, _ amplitude: Double, _ power: Double, _ year: Int) -> Field {
    field("pr", "mm day-1", year, raw(v, base, amplitude).map { pow(max(0, $0), power) })
  }

  static let temperature: KeyValuePairs<String, [(String, Field)]> = [
    "input": [("field", tas(3, 278, 14, 1991, trend: 0.005, missing: 7 * 6 + 1))],
    "observed": [("observed", tas(1, 280, 8, 1961, missing: 5 * 6 + 2))],
    "reference": [("reference", tas(2, 277, 12, 1961, missing: nil))],
  ]
  static let rain: KeyValuePairs<String, [(String, Field)]> = [
    "input": [("field", pr(6, -1, 9, 1.4, 1991))], "observed": [("observed", pr(4, -3, 10, 1.5, 1961))],
    "reference": [("reference", pr(5, -1, 7, 1.4, 1961))],
  ]

  static func golden(_ name: String) throws -> [Double] {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "peers/quantiles.json")
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any]
    return try #require(object?[name] as? [Any]).map { $0 as? Double ?? .nan }
  }
}

@Suite("quantile-map") struct QuantileMapTests {
  private func expect(
    _ name: String, _ keys: KeyValuePairs<String, Yaml>, _ streams: KeyValuePairs<String, [(String, Field)]>,
    absolute: Double, _ location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try Plan(QuantileMap.self, keys, streams).run(cuts: 1)
    let steps = Array(0..<24) + Array(324..<360)
    let found = steps.flatMap { Array(result.numbers[$0 * 6..<($0 + 1) * 6]) }
    let expected = try QuantileFields.golden(name)
    for (index, (a, b)) in zip(found, expected).enumerated() where a.isNaN != b.isNaN {
      Issue.record("\(name): \(a) and \(b) at \(index)", sourceLocation: location)
      return
    }
    expectClose(found, expected, relative: 1e-6, absolute: absolute, location)
  }

  @Test func mapsTemperature() throws {
    let q = Yaml(integerLiteral: 21)
    // Tables are float32: what 3e-5 K in a table does where quantiles lie close together.
    try expect("qm", ["quantiles": q], QuantileFields.temperature, absolute: 3e-5)
    try expect("clamp", ["quantiles": q, "extrapolate": "clamp"], QuantileFields.temperature, absolute: 3e-5)
    try expect(
      "missing", ["quantiles": q, "extrapolate": "missing"], QuantileFields.temperature, absolute: 3e-5)
    try expect("qdm", ["quantiles": q, "method": "qdm"], QuantileFields.temperature, absolute: 6e-5)
    try expect("detrend", ["quantiles": q, "detrend": 9], QuantileFields.temperature, absolute: 6e-5)
    try expect("normal", ["distribution": "normal"], QuantileFields.temperature, absolute: 3e-5)
    try expect(
      "normal_qdm", ["distribution": "normal", "method": "qdm"], QuantileFields.temperature, absolute: 6e-5)
  }

  @Test func mapsRain() throws {
    let wet: Yaml = 0.5
    let q = Yaml(integerLiteral: 21)
    try expect(
      "rain", ["quantiles": q, "kind": "multiplicative", "wet-threshold": wet], QuantileFields.rain,
      absolute: 2e-5)
    try expect(
      "rain_qdm", ["quantiles": q, "kind": "multiplicative", "method": "qdm", "wet-threshold": wet],
      QuantileFields.rain,
      absolute: 2e-5)
    try expect(
      "gamma", ["distribution": "gamma", "kind": "multiplicative", "wet-threshold": wet], QuantileFields.rain,
      absolute: 2e-6)
    try expect(
      "gamma_qdm",
      ["distribution": "gamma", "kind": "multiplicative", "method": "qdm", "wet-threshold": wet],
      QuantileFields.rain, absolute: 2e-6)
  }

  @Test func qdmKeepsTheChange() throws {
    // The reference 3 K warmer: what comes out is what the reference itself gives, 3 K warmer.
    let reference = QuantileFields.tas(2, 277, 12, 1961, missing: nil)
    var warmer = QuantileFields.field("tas", "K", 1991, reference.numbers.map { Double($0) + 3 })
    let observed = QuantileFields.tas(1, 280, 8, 1961, missing: nil)
    func run(_ field: Field) throws -> Field {
      try Plan(
        QuantileMap.self, ["method": "qdm"],
        ["input": [("f", field)], "observed": [("o", observed)], "reference": [("r", reference)]]
      ).run(cuts: 0)
    }
    let (then, now) = (try run(reference), try run(warmer))
    expectClose(now.numbers, then.numbers.map { Double($0) + 3 }, absolute: 2e-4)
    // And ratios: a fifth more rain in all quantiles.
    let rain = QuantileFields.pr(5, -1, 7, 1.4, 1961)
    warmer = QuantileFields.field("pr", "mm day-1", 1991, rain.numbers.map { Double($0) * 1.2 })
    func wet(_ field: Field) throws -> Field {
      try Plan(
        QuantileMap.self, ["method": "qdm", "kind": "multiplicative"],
        [
          "input": [("f", field)], "observed": [("o", QuantileFields.pr(4, -3, 10, 1.5, 1961))],
          "reference": [("r", rain)],
        ]
      ).run(cuts: 0)
    }
    let (dry, more) = (try wet(rain), try wet(warmer))
    // Of dry values there is no ratio.
    let places = rain.numbers.indices.filter { rain.numbers[$0] > 0 }
    expectClose(places.map { more.numbers[$0] }, places.map { Double(dry.numbers[$0]) * 1.2 }, relative: 1e-4)
  }

  @Test func mapsATrainingOntoItsObservations() throws {
    // Mapped with itself as the reference, the values of each month have the observations' distribution.
    let (reference, observed) = (
      QuantileFields.tas(2, 277, 12, 1961, missing: nil), QuantileFields.tas(1, 280, 8, 1961, missing: nil)
    )
    let result = try Plan(
      QuantileMap.self, ["quantiles": 30], ["input": [("f", reference)], "observed": [("o", observed)]]
    ).run(cuts: 0)
    func july(_ field: Field) -> [Float] { (0..<30).map { field.numbers[($0 * 12 + 6) * 6 + 2] }.sorted() }
    expectClose(july(result), july(observed).map(Double.init), absolute: 6e-5)
  }

  @Test func gammaFunctionsEqualScipy() throws {
    let k = [0.05, 0.3, 1, 2.5, 40, 500]
    let x = [1e-6, 0.1, 0.9, 1, 3, 30, 45, 520]
    let q = [1e-9, 0.001, 0.2, 0.5, 0.99, 1 - 1e-9]
    func close(_ found: [Double], _ name: String, _ relative: Double) throws {
      for (a, b) in zip(found, try QuantileFields.golden(name)) {
        #expect(abs(a - b) <= relative * abs(b) + 1e-300, "\(name): \(a) and \(b)")
      }
    }
    try close(k.flatMap { k in x.map { GammaDistribution.incomplete(k, $0) } }, "incomplete", 1e-9)
    try close(k.map(GammaDistribution.digamma), "digamma", 1e-12)
    try close(k.map(GammaDistribution.trigamma), "trigamma", 1e-12)
    try close(
      k.flatMap { k in q.map { GammaDistribution(shape: k, scale: 1).quantile($0) } }, "inverse", 1e-6)
  }

  @Test func saysWhatIsWrong() throws {
    let cases: [(KeyValuePairs<String, Yaml>, String)] = [
      (["quantiles": 1], "from 2 to 10001"), (["method": "qdm", "detrend": 9], "keeps trends by itself"),
      (["detrend": 8], "odd number"),
      (["distribution": "gamma", "quantiles": 5], "is for `distribution: empirical`"),
      (["method": "qdm", "extrapolate": "clamp"], "only an empirical"),
      (["train": ["months": [1, 2]]], "that the training does not have"),
      (["distribution": "gamma", "method": "qdm"], "may go below 0"),
    ]
    for (keys, text) in cases {
      let error = fault { try Plan(QuantileMap.self, keys, QuantileFields.temperature) }
      #expect(error?.cause.contains(text) == true, "\(String(describing: error))")
    }
  }
}
