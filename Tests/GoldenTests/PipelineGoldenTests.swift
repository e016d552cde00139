import Foundation
import GridFiles
import TestSupport
import Testing

/// Whole pipelines of `pipelines/`, run by the program, beside numbers that xarray and numpy computed from the same
/// files (`peers/make_golden.py`).
@Suite(.serialized) struct PipelineGoldenTests {
  struct Summary: Decodable {
    let count: Int
    let valid: Int
    let mean: Double
    let std: Double
    let min: Double
    let max: Double
    let places: [Int]
    let values: [Double?]
  }

  static let golden: [String: Summary] = {
    let url = PackageRoot.url("Tests/GoldenTests/peers/golden.json")
    guard let data = try? Data(contentsOf: url) else { return [:] }
    return (try? JSONDecoder().decode([String: Summary].self, from: data)) ?? [:]
  }()

  static let hasData = DebianData.has(
    "monthly_navy_winds.cdf", "uv300.nc", "tas_mod2_hist_rectilin_grid_2D.nc")

  @Test func goldenNumbersAreThere() { #expect(Self.golden.count == 6) }

  @Test(
    .enabled(if: Isotach.binary != nil, Isotach.reason), .enabled(if: hasData, DebianData.reason),
    arguments: ["wind-climatology", "unpack", "calendar-360"])
  func agreesWithXarray(_ name: String) async throws {
    let folder = try TemporaryFolder()
    let example = try String(contentsOf: PackageRoot.url("pipelines/\(name).yaml"), encoding: .utf8)
    let pipeline = try folder.write(
      example.replacingOccurrences(of: "../Tests/", with: PackageRoot.path + "/Tests/"), to: "p.yaml")
    let result = try Isotach.run(["run", pipeline])
    try #require(result.exit == 0, "\(name) ended with \(result.status): \(result.stderr)")

    let expectations = Self.golden.filter { $0.key.hasPrefix(name + "/") }
    #expect(!expectations.isEmpty)
    for (key, expected) in expectations {
      let parts = key.split(separator: "/").map(String.init)
      let values = try await read(folder.path("out/" + parts[1]), parts[2])
      try #require(values.count == expected.count, "\(key)")
      let valid = values.filter { !$0.isNaN }.map(Double.init)
      #expect(valid.count == expected.valid, "\(key): valid values")
      let mean = valid.reduce(0, +) / Double(valid.count)
      let variance = valid.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(valid.count)
      // float32 in the file; the mean of an anomaly is nought but for rounding.
      expectClose(
        [mean, variance.squareRoot(), valid.min() ?? .nan, valid.max() ?? .nan],
        [expected.mean, expected.std, expected.min, expected.max], absolute: 2e-6, relative: 2e-6,
        "\(key): mean, deviation, least, greatest:")
      expectClose(
        expected.places.map { values[$0] }, expected.values.map { Float($0 ?? .nan) }, absolute: 1e-5,
        relative: 1e-6, "\(key): values:")
    }
  }

  /// The whole variable, missing values NaN.
  func read(_ path: String, _ name: String) async throws -> [Float] {
    let file = try await SourceFile.open(path)
    let variable = try #require(file.header.variable(name), "\(path) has no \(name)")
    var decoding = Decoding()
    if let fill = variable.attributes["_FillValue"]?.number { decoding.missing = [fill] }
    var strides = Array(repeating: 1, count: variable.extents.count)
    for dimension in variable.extents.indices.dropLast().reversed() {
      strides[dimension] = strides[dimension + 1] * variable.extents[dimension + 1]
    }
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: variable.count)
    defer { memory.deallocate() }
    try await file.read(
      variable, Hyperslab(all: variable.extents), decoding: decoding,
      into: FloatTarget(values: memory, validity: nil, strides: strides))
    return Array(UnsafeBufferPointer(start: memory, count: variable.count))
  }
}
