import Foundation
import GridFiles
import Inspection
import TestSupport
import Testing

/// What only the values of a file's coordinates tell, what `inspect` says of a file, and `diff` of two.
@Suite(.enabled(if: Isotach.binary != nil, Isotach.reason)) struct FileTests {
  private func findings(_ file: SmallFile) async throws -> [Finding] {
    let folder = try TemporaryFolder()
    return try await Validator.validate(file.open(folder)).errors
  }

  @Test func theUnspoiltFileIsValid() async throws {
    #expect(try await findings(SmallFile()).isEmpty)
  }

  @Test func valuesOfCoordinates() async throws {
    var file = SmallFile()
    file.times = [0, 2, 1]
    #expect(try await findings(file).map(\.variable) == ["time"])
    file = SmallFile()
    file.latitudes[1] = .nan
    #expect(try await findings(file).contains { $0.section == "CF 2.5.1" && $0.variable == "lat" })
    file = SmallFile()
    file.latitudes[3] = 95
    file.latitudeBounds[7] = 100
    #expect(try await findings(file).map(\.section) == ["CF 4.1"])
    file = SmallFile()
    file.latitudeBounds[0] = -50
    #expect(try await findings(file).map(\.section) == ["CF 7.1"])
    file = SmallFile()
    file.longitudes[4] = 4000
    #expect(try await findings(file).map(\.section) == ["CF 4.2"])
    file = SmallFile()
    (file.timeUnits, file.calendar) = ("days since 1582-10-01", "standard")
    file.times = [0, 5, 30]
    #expect(try await findings(file).map(\.section) == ["CF 4.4.1"])
    file.times = [0, 1, 1e30]
    #expect(try await findings(file).map(\.section) == ["CF 4.4"])
  }

  @Test func inspectKnowsTheField() async throws {
    let folder = try TemporaryFolder()
    var file = SmallFile()
    file.isPacked = true
    let report = try await Inspector.inspect(file.open(folder), readsData: true)
    let field = try #require(report.dataset?.fields.first)
    #expect(field.description.grid.kind == .regular)
    let statistics = try #require(report.statistics["/tas"])
    #expect(statistics.count == 60 && statistics.missing == 1)
    #expect(statistics.minimum == 270 && statistics.maximum == 299.5)
    // 7 is missing: 273.5 of the sum of 60 values from 270 by 0.5.
    let mean = try #require(statistics.mean)
    #expect(abs(mean - (60 * 284.75 - 273.5) / 59) < 1e-9)
    let text = report.text
    #expect(text.contains("2001-02-27 to 2001-03-01 (3 steps, daily), calendar noleap"), "\(text)")
    #expect(text.contains("around the Earth") && text.contains("chunks 2 x 4 x 5"), "\(text)")
    #expect(text.contains("values from -16113.5 to 16653.5 in steps of 0.5"), "\(text)")
    let json = try #require(try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
    #expect(json["schema"] as? String == "isotach.inspection/1")
    let fields = try #require(json["fields"] as? [[String: Any]])
    #expect((fields[0]["statistics"] as? [String: Any])?["missing"] as? Int == 1)
  }

  @Test func inspectOneVariable() async throws {
    let folder = try TemporaryFolder()
    let file = try await SmallFile().open(folder)
    let text = try await Inspector.inspect(file, variable: "air_temperature").text
    #expect(text.contains("tas") && !text.contains("lat_bnds") && !text.contains("Dimensions"))
    await #expect(throws: (any Error).self) { try await Inspector.inspect(file, variable: "ghost") }
  }

  private func compare(_ a: SmallFile, _ b: SmallFile, _ options: ComparisonOptions = .init()) async throws
    -> ComparisonReport
  {
    let folder = try TemporaryFolder()
    return try await Comparer.compare(a.open(folder, "a.nc"), b.open(folder, "b.nc"), options)
  }

  @Test func sameFilesAreTheSame() async throws {
    let report = try await compare(SmallFile(), SmallFile())
    #expect(report.isSame, "\(report.text)")
    let values = try #require(report.variables.first { $0.path == "/tas" }?.values)
    #expect(values.count == 60 && values.compared == 59 && values.maximumAbsolute == 0)
  }

  @Test func aChangedValueIsFoundWithItsPlace() async throws {
    var other = SmallFile()
    other.values[43] += 0.25
    other.values[3] -= 0.125
    let report = try await compare(SmallFile(), other)
    let values = try #require(report.variables.first { $0.path == "/tas" }?.values)
    #expect(!report.isSame && values.differing == 2 && values.maximumAbsolute == 0.25)
    #expect(values.worst?.index == [2, 0, 3])
    let rms = ((0.25 * 0.25 + 0.125 * 0.125) / 59).squareRoot()
    #expect(abs((values.rootMeanSquare ?? 0) - rms) < 1e-12)
    var options = ComparisonOptions()
    options.absolute = 0.25
    #expect(try await compare(SmallFile(), other, options).isSame)
    options.absolute = 0.2499
    #expect(try await compare(SmallFile(), other, options).isSame == false)
    (options.absolute, options.relative) = (0, 1e-3)
    #expect(try await compare(SmallFile(), other, options).isSame)
    options.relative = 1e-5
    #expect(try await compare(SmallFile(), other, options).isSame == false)
  }

  @Test func missingInOneFileIsADifference() async throws {
    var other = SmallFile()
    other.missing = [7, 8, 9]
    var options = ComparisonOptions()
    options.absolute = 1e6
    let report = try await compare(SmallFile(), other, options)
    let values = try #require(report.variables.first { $0.path == "/tas" }?.values)
    #expect(
      values.missingInFirst == 0 && values.missingInSecond == 2 && values.differing == 2 && !report.isSame)
  }

  @Test func packedAndUnpackedValuesAgree() async throws {
    var packed = SmallFile()
    packed.isPacked = true
    let report = try await compare(SmallFile(), packed)
    let tas = try #require(report.variables.first { $0.path == "/tas" })
    #expect(tas.values?.isSame == true && tas.values?.compared == 59)
    #expect(tas.differences.contains { $0.what == "type" } && !report.isSame)
  }

  @Test func attributesCanBeIgnored() async throws {
    var other = SmallFile()
    other.title = "another"
    other.extra = [Attribute("comment", "x")]
    let report = try await compare(SmallFile(), other)
    #expect(report.differences.map(\.what) == ["attribute title"])
    #expect(report.variables.flatMap(\.differences).map(\.what) == ["attribute comment"])
    var options = ComparisonOptions()
    options.ignoredAttributes = ["title", "comment"]
    #expect(try await compare(SmallFile(), other, options).isSame)
    options.ignoredAttributes = ["*"]
    #expect(try await compare(SmallFile(), other, options).isSame)
    options.ignoredAttributes = []
    options.variables = ["lat", "lon"]
    #expect(try await compare(SmallFile(), other, options).isSame)
  }
}
