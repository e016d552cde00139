import Foundation
import Grids
import Stages
import Testing

/// The fields of peers/metrics.py.
enum MetricFields {
  static let (times, rows, columns, members) = (90, 16, 20, 5)
  static let grid = Make.globe(rows, columns)
  static let axis = TimeAxis(
    values: (0..<times).map { 318.5 + 8 * Double($0) }, units: "days since 2001-01-01", calendar: .noLeap)

  static func raw(_ v: Int, _ base: Double, _ amplitude: Double) -> [Float] {
    (0..<times * rows * columns).map { k in
      Float(base + amplitude * Double(((7919 + 2 * v) * k + 104729 * v) % 1009) / 1009)
    }
  }

  static func sum(_ a: [Float], _ b: [Float]) -> [Float] {
    zip(a, b).map { Float(Double($0) + Double($1)) }
  }

  static func smooth(_ a: [Float]) -> [Float] {
    var result = a
    for t in 0..<times {
      for j in 0..<rows {
        for i in 0..<columns {
          var total = 0.0
          for dy in [-1, 0, 1] {
            for dx in [-1, 0, 1] {
              let (y, x) = ((j - dy + rows) % rows, (i - dx + columns) % columns)
              total += Double(a[(t * rows + y) * columns + x])
            }
          }
          result[(t * rows + j) * columns + i] = Float(total / 9)
        }
      }
    }
    return result
  }

  static func field(_ values: [Float], _ name: String = "tas", _ units: String = "K") -> Field {
    Field(Description(variables: [Make.variable(name, nil, units)], time: axis, grid: grid), values)
  }

  static let truth = raw(0, 250, 40)
  static let near = sum(truth, raw(1, -1, 3))
  static var ensemble: Field {
    let all = (0..<members).map { sum(truth, raw(2 + $0, -2, 4.5)) }
    var description = field(truth).description
    description.layers = [
      Axis(name: "member", kind: .other, standardName: "realization", values: [0, 1, 2, 3, 4])
    ]
    let cells = rows * columns
    return Field(
      description,
      (0..<times).flatMap { t in all.flatMap { $0[t * cells..<(t + 1) * cells] } })
  }
  /// With the standard deviation of a normal distribution.
  static var normal: Field {
    var description = field(near).description
    description.variables.append(Make.variable("tas_std", nil, "K"))
    return Field(description, near + raw(9, 0.5, 2))
  }
  static func rain(_ v: Int, _ shift: Double) -> [Float] {
    smooth(raw(v, 0, 60)).map { Float(max(0, Double($0) - shift)) }
  }
  static let wet = rain(20, 32)
  static let nearlyWet = zip(wet, rain(23, 31)).map { Float(0.7 * Double($0) + 0.3 * Double($1)) }

  static func golden() throws -> [String: Any] {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "peers/metrics.json")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
  }
}

@Suite("measures") struct MetricTests {
  /// The doubles that go into the JSON, by name.
  private func scores(
    _ truth: Field, _ method: Field, _ metrics: Yaml, _ more: [(String, Yaml)] = []
  ) throws -> [String: [String: Any]] {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "isotach-measures-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "scores.json").path
    var values = ["metrics": metrics.value(), "json": Yaml.text(path).value()]
    for (key, value) in more { values[key] = value.value() }
    let plan = try Plan(
      Evaluate.self, values: values, [("truth", "truth", truth), ("methods", "method", method)])
    _ = try plan.run(cuts: 0)
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    let list = try #require((object as? [String: Any])?["scores"] as? [[String: Any]])
    return Dictionary(
      list.filter { $0["region"] as? String == "all" }.map { ($0["metric"] as? String ?? "", $0) },
      uniquingKeysWith: { first, _ in first })
  }

  private func expectGolden(
    _ scores: [String: [String: Any]], _ pairs: [(String, String, Int?)],
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let golden = try MetricFields.golden()
    for (name, key, index) in pairs {
      let expected = index.map { (golden[key] as? [Any])?[$0] as? Double } ?? golden[key] as? Double
      let found = scores[name]?["value"] as? Double
      guard let found, let expected else {
        Issue.record(
          "\(name): \(String(describing: found)), \(String(describing: expected))", sourceLocation: location)
        continue
      }
      #expect(
        abs(found - expected) <= 1e-6 * max(1, abs(expected)), "\(name): \(found) and \(expected)",
        sourceLocation: location)
    }
  }

  @Test func singleValues() throws {
    let names = [
      "rmse", "mse", "mae", "me", "pearson_r", "r2", "mape", "temporal_pearson_r", "deseasonalised_pearson_r",
    ]
    let found = try scores(
      MetricFields.field(MetricFields.truth), MetricFields.normal,
      .list(
        names.map { .text($0) } + ["crps_gaussian", ["contingency": ["threshold": 270]], "quantile_bias"]))
    try expectGolden(found, (names + ["crps_gaussian"]).map { ($0, $0, nil) })
    let table = ["hit_rate", "false_alarm_ratio", "bias_score", "threat_score", "equit_threat_score"]
    try expectGolden(found, table.enumerated().map { ("\($1)_270", "contingency", $0) })
    let levels = ["0.01", "0.1", "0.5", "0.9", "0.99", "0.999"]
    try expectGolden(found, levels.enumerated().map { ("quantile_bias_\($1)", "quantile_bias", $0) })
  }

  @Test func ensembles() throws {
    let truth = MetricFields.field(MetricFields.truth)
    let found = try scores(
      truth, MetricFields.ensemble,
      [
        "crps_ensemble", "rank_histogram", "spread_skill", ["brier_score": ["threshold": 270]],
        ["reliability": ["threshold": 270]],
      ])
    try expectGolden(
      found,
      [
        ("crps_ensemble", "crps_ensemble", nil), ("spread", "spread", nil),
        ("spread_skill_ratio", "spread_skill_ratio", nil), ("brier_score_270", "brier_score_270", nil),
      ] + (0...5).map { ("rank_histogram_\($0 + 1)", "rank_histogram", $0) }
        + (0..<5).map { ("reliability_270_\(["0.1", "0.3", "0.5", "0.7", "0.9"][$0])", "reliability", $0) })
    let fair = try scores(truth, MetricFields.ensemble, [["crps": ["fair": true]]])
    try expectGolden(fair, [("crps", "crps_fair", nil)])
    // Of one field it is the absolute error.
    let single = try scores(truth, MetricFields.field(MetricFields.near), ["crps", "mae"])
    #expect(
      abs((single["crps"]?["value"] as? Double ?? .nan) - (single["mae"]?["value"] as? Double ?? 0)) < 1e-12)
  }

  @Test func rain() throws {
    let names = [
      "R01", "SDII", "Rx1day", "TNn", "CDD", "CWD", "std_ratio", "interannual_variability", "ssim", "psnr",
    ]
    let found = try scores(
      MetricFields.field(MetricFields.wet, "pr", "mm day-1"),
      MetricFields.field(MetricFields.nearlyWet, "pr", "mm day-1"),
      .list(
        names.map { .text($0) } + [
          ["fss": ["threshold": 2, "window": 5]], "sal", ["power_spectrum": ["wavelengths": [2, 4, 8, 16]]],
        ]))
    try expectGolden(found, names.map { ($0, $0, nil) } + [("fss_2_5", "fss", nil)])
    let sal = ["structure", "amplitude", "location", "absolute_structure", "absolute_amplitude"]
    try expectGolden(found, sal.enumerated().map { ("sal_\($1)", "sal", $0) })
    try expectGolden(
      found,
      ["power_spectrum_2_4", "power_spectrum_4_8", "power_spectrum_8_16", "log_spectral_distance"]
        .enumerated()
        .map { ($1, "power_spectrum", $0) })
  }

  @Test func theWetThresholdIsAMillimetreADay() throws {
    // The same rain in kg m-2 s-1.
    let scale: (Float) -> Float = { Float(Double($0) / 86400) }
    let found = try scores(
      MetricFields.field(MetricFields.wet.map(scale), "pr", "kg m-2 s-1"),
      MetricFields.field(MetricFields.nearlyWet.map(scale), "pr", "kg m-2 s-1"), ["R01", "CDD"])
    // Two values that lie at the threshold may fall on either side of it.
    let golden = try MetricFields.golden()
    for name in ["R01", "CDD"] {
      let expected = try #require(golden[name] as? Double)
      #expect(abs((found[name]?["value"] as? Double ?? .nan) - expected) < 1e-3)
    }
    let error = fault {
      try Plan(
        Evaluate.self, ["metrics": ["R01"]],
        [
          "truth": [("truth", MetricFields.field(MetricFields.truth))],
          "methods": [("m", MetricFields.field(MetricFields.near))],
        ])
    }
    #expect(error?.cause.contains("1 mm a day cannot be said in K") == true)
  }

  @Test func mapsHaveTheScoresOfEachCell() throws {
    let plan = try Plan(
      Evaluate.self, ["metrics": ["rmse", "temporal_pearson_r", "bias"], "maps": true, "by": "season"],
      [
        "truth": [("truth", MetricFields.field(MetricFields.truth))],
        "methods": [("near", MetricFields.field(MetricFields.near)), ("many", MetricFields.ensemble)],
      ])
    #expect(plan.description.grid.ny == 16 && plan.description.layers.map(\.count) == [2, 5])
    let result = try plan.run(cuts: 3)
    let (j, i) = (3, 7)
    let cells = 320
    var (square, sum) = (0.0, 0.0)
    for t in 0..<90 {
      let d =
        Double(MetricFields.near[t * cells + j * 20 + i]) - Double(MetricFields.truth[t * cells + j * 20 + i])
      (square, sum) = (square + d * d, sum + d)
    }
    #expect(abs(Double(result[0, 0, 0, j, i]) - (square / 90).squareRoot()) < 1e-6)
    #expect(abs(Double(result[2, 0, 0, j, i]) - sum / 90) < 1e-6)
    #expect(result[3, 0, 0, j, i] == 90)
    #expect((1...4).map { result[3, 0, $0, j, i] }.reduce(0, +) == 90)
  }

  @Test func theDeviationCanBeNamed() throws {
    var named = MetricFields.normal
    named.description.variables[1].name = "sigma"
    let truth = MetricFields.field(MetricFields.truth)
    let found = try scores(truth, named, [["crps_gaussian": ["std": "sigma"]]])
    try expectGolden(found, [("crps_gaussian", "crps_gaussian", nil)])
    #expect(throws: PlanError.self) {
      _ = try scores(truth, named, [["crps_gaussian": ["std": "spread"]]])
    }
  }

  @Test func bandsOfHeightAreRegions() throws {
    let heights = Field(
      Description(
        variables: [Make.variable("orog", "surface_altitude", "m")], time: nil, grid: MetricFields.grid)
    ) { _, _, _, j, i in Double(j * 100 + i) }
    let plan = try Plan(
      Evaluate.self, ["bands": [0, 500, 1000], "regions": ["all": [:], "east": ["columns": [10, 19]]]],
      [
        "truth": [("truth", MetricFields.field(MetricFields.truth))],
        "methods": [("near", MetricFields.field(MetricFields.near))], "elevation": [("orog", heights)],
      ])
    let labels = plan.description.layers[1].labels
    #expect(
      labels == [
        "all", "east", "0 to 500 m", "500 to 1000 m", "east, 0 to 500 m", "east, 500 to 1000 m",
      ])
    let result = try plan.run(cuts: 3)
    let n = (0..<6).map { Int(result[4, 0, $0, 0, 0]) / 90 }
    #expect(n == [320, 160, 100, 100, 50, 50])
  }

  /// A range of heights is no map: a measure of maps has no row there.
  @Test func measuresOfMapsHaveNoBands() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "isotach-\(UUID().uuidString).json")
      .path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let heights = Field(
      Description(
        variables: [Make.variable("orog", "surface_altitude", "m")], time: nil, grid: MetricFields.grid)
    ) { _, _, _, j, i in Double(j * 100 + i) }
    let plan = try Plan(
      Evaluate.self, ["bands": [0, 500, 1000], "metrics": ["rmse", "ssim"], "json": .text(path)],
      [
        "truth": [("truth", MetricFields.field(MetricFields.truth))],
        "methods": [("near", MetricFields.field(MetricFields.near))], "elevation": [("orog", heights)],
      ])
    _ = try plan.run(cuts: 0)
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    let list = try #require((object as? [String: Any])?["scores"] as? [[String: Any]])
    let found = list.map { "\($0["metric"] as? String ?? "") \($0["region"] as? String ?? "")" }
    #expect(found == ["rmse all", "ssim all", "rmse 0 to 500 m", "rmse 500 to 1000 m"])
  }

  @Test func intervalsHoldTheTruth() throws {
    // The mean of independent normal-like noise: the interval of its bias is about 1.96 standard errors wide.
    var random = Numbers(seed: 3)
    let noise = MetricFields.truth.map { $0 + Float((0..<12).reduce(-6.0) { sum, _ in sum + random.unit() }) }
    let found = try scores(
      MetricFields.field(MetricFields.truth), MetricFields.field(noise),
      ["bias", "rmse", "temporal_pearson_r"],
      [("bootstrap", ["samples": 2000, "steps": 1, "tile": 2])])
    let interval = try #require(found["bias"]?["interval"] as? [Double])
    let error = 1 / Double(noise.count).squareRoot()
    #expect(abs((interval[1] - interval[0]) / (2 * 1.96 * error) - 1) < 0.25, "\(interval)")
    let value = try #require(found["bias"]?["value"] as? Double)
    #expect(interval[0] < value && value < interval[1])
    let correlation = try #require(found["temporal_pearson_r"]?["interval"] as? [Double])
    #expect(correlation[0] < correlation[1])
    // Maps of one time give no interval.
    let plan = try Plan(
      Evaluate.self, ["metrics": ["rmse", "ssim"], "bootstrap": 100],
      [
        "truth": [("truth", MetricFields.field(MetricFields.truth))],
        "methods": [("near", MetricFields.field(MetricFields.near))],
      ])
    #expect(
      plan.description.variables.map(\.name) == [
        "tas_rmse", "tas_ssim", "tas_rmse_low", "tas_ssim_low", "tas_rmse_high", "tas_ssim_high", "tas_n",
      ])
    let result = try plan.run(cuts: 2)
    #expect(result[2, 0, 0, 0, 0] < result[0, 0, 0, 0, 0] && result[0, 0, 0, 0, 0] < result[4, 0, 0, 0, 0])
  }

  @Test func saysWhatIsWrong() throws {
    let cases: [(Yaml, String)] = [
      (["rmsee"], "there is no measure `rmsee`"), (["rmse", "rmse"], "named twice"),
      ([["fss": ["threshold": 1]]], "needs the key `window`"),
      ([["fss": ["threshold": 1, "window": 4]]], "odd"), (["rank_histogram"], "no method has members"),
      ([["quantile_bias": ["levels": [1.5]]]], "from 0 to 1"),
    ]
    for (metrics, text) in cases {
      let error = fault {
        try Plan(
          Evaluate.self, ["metrics": metrics],
          [
            "truth": [("truth", MetricFields.field(MetricFields.truth))],
            "methods": [("near", MetricFields.field(MetricFields.near))],
          ])
      }
      #expect(error?.cause.contains(text) == true, "\(String(describing: error))")
    }
  }
}
