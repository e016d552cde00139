import GridFiles
import TestSupport
import Testing

@testable import Grids

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct EncodingTests {
  private func grid(_ kind: Grid.Kind) throws -> Grid {
    switch kind {
    case .rotatedPole:
      let y = Axis(name: "rlat", kind: .gridLatitude, values: [-1, 0, 1, 2])
      let x = Axis(name: "rlon", kind: .gridLongitude, values: [-2, -1, 0])
      let mapping = GridMapping(
        variableName: "rotated_pole",
        attributes: [
          Attribute("grid_mapping_name", "rotated_latitude_longitude"),
          Attribute("grid_north_pole_latitude", .float64([39.25])),
          Attribute("grid_north_pole_longitude", .float64([-162])),
        ])
      return try Grid(kind: .rotatedPole, y: y, x: x, mapping: mapping).withComputedCenters()
    case .curvilinear:
      return Grid(
        kind: .curvilinear, y: .index("j", 2), x: .index("i", 2), latitudes: [10, 10.5, 11, 11.5],
        longitudes: [0, 1, 0.2, 1.2],
        cornerLatitudes: [9.5, 9.9, 11, 10.6, 9.9, 10.2, 11.4, 11, 10.6, 11, 12, 11.6, 11, 11.4, 12.2, 12],
        cornerLongitudes: [
          -0.5, 0.5, 0.6, -0.4, 0.5, 1.5, 1.6, 0.6, -0.4, 0.6, 0.7, -0.3, 0.6, 1.6, 1.7, 0.7,
        ])
    case .points:
      return Grid(
        kind: .points, y: .index("row", 1), x: .index("station", 3), latitudes: [1, 2, 3],
        longitudes: [4, 5, 6])
    case .bare: return .bare("row", 3, "column", 4)
    default:
      return Grid(
        kind: .regular,
        y: Axis(name: "lat", kind: .latitude, values: [10, 20, 30], bounds: [5, 15, 15, 25, 25, 35]),
        x: Axis(
          name: "lon", kind: .longitude, values: [0, 90, 180, 270],
          bounds: [-45, 45, 45, 135, 135, 225, 225, 315]))
    }
  }

  private func description(_ kind: Grid.Kind, _ time: TimeAxis?) throws -> Description {
    Description(
      variables: [
        VariableDescription(
          name: "tas", standardName: "air_temperature", longName: "Near-Surface Air Temperature", units: "K",
          cellMethods: time == nil ? nil : "time: mean")
      ], time: time, grid: try grid(kind),
      scalars: [
        ScalarCoordinate(
          name: "height", value: 2,
          attributes: [
            Attribute("units", "m"), Attribute("standard_name", "height"), Attribute("positive", "up"),
          ])
      ])
  }

  private func monthly(_ calendar: CFCalendar, from first: Int = 0) -> TimeAxis {
    let days = (0..<4).map { Double($0 + first) * 30 }
    return TimeAxis(
      values: days.map { $0 + 15 }, bounds: days.flatMap { [$0, $0 + 30] }, units: "days since 1850-01-01",
      calendar: calendar)
  }

  private func write(_ description: Description, to path: String) async throws {
    let values = description.variables.map { _ in
      (0..<description.timeCount * description.layerCount * description.grid.count).map {
        Float($0 % 50) + 250
      }
    }
    try await FieldWriting.write(description, values, to: path)
  }

  @Test(arguments: CFCalendar.allCases)
  func everyCalendarComesBack(_ calendar: CFCalendar) async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a.nc")
    let original = try description(.regular, monthly(calendar))
    try await write(original, to: path)
    let field = try #require(try await Dataset.open(SourceFile.open(path)).fields.first)
    let time = try #require(field.description.time)
    #expect(time.calendar == calendar && time.values == original.time?.values)
    #expect(time.bounds == original.time?.bounds && time.units == original.time?.units)
    #expect(field.description.grid.y.bounds == original.grid.y.bounds)
    #expect(field.description.scalars.first?.value == 2)
    #expect(field.description.variables[0].cellMethods == "time: mean")
  }

  @Test(arguments: [Grid.Kind.regular, .rotatedPole, .curvilinear, .points, .bare])
  func everyGridComesBack(_ kind: Grid.Kind) async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a.nc")
    let original = try description(kind, monthly(.standard))
    try await write(original, to: path)
    let dataset = try await Dataset.open(SourceFile.open(path))
    let grid = try #require(dataset.field("tas")).description.grid
    #expect(grid.kind == kind && grid.ny == original.grid.ny && grid.nx == original.grid.nx)
    #expect(grid.latitudes == original.grid.latitudes && grid.longitudes == original.grid.longitudes)
    #expect(grid.cornerLatitudes == original.grid.cornerLatitudes)
    #expect(grid.cornerLongitudes == original.grid.cornerLongitudes)
    #expect(!dataset.notes.contains { $0.level == .error }, "\(dataset.notes)")
  }

  @Test func chunksAreMapsOfAtMostFourMebibytes() {
    #expect(HeaderBuilder.chunks([100, 200], bytes: 4) == [100, 200])
    #expect(HeaderBuilder.chunks([2161, 4320], bytes: 4) == [241, 4320])
    #expect(HeaderBuilder.chunks([10, 3_000_000], bytes: 4) == [1, 1 << 20])
    #expect(HeaderBuilder.chunks([7_000_000], bytes: 4) == [1 << 20])
    for extents in [[5000, 5000], [1, 1], [70_000, 30]] {
      #expect(HeaderBuilder.chunks(extents, bytes: 4).reduce(4, *) <= 4 << 20)
    }
  }

  @Test func oddTimesAreWrittenAsReadersTakeThem() throws {
    let months = TimeAxis(values: [0, 1, 2], units: "months since 2000-01-01", calendar: .standard)
    let written = try OutputTime(months)
    #expect(written.units == "days since 2000-01-01 00:00:00" && written.values == [0, 31, 60])
    let zero = TimeAxis(values: [366, 1096], units: "hour since 0000-01-01 00:00:00", calendar: .standard)
    let moved = try OutputTime(zero)
    #expect(moved.units == "days since 0001-01-01 00:00:00" && moved.values[0] == 15.25)
    let short = TimeAxis(values: [5], units: "hours since 1-1-1 00:00:0.0", calendar: .standard)
    #expect(
      try OutputTime(short).units == "hours since 0001-01-01 00:00:00" && OutputTime(short).values == [5])
    let plain = TimeAxis(values: [5], units: "days since 1850-01-01 00:00:00", calendar: .noLeap)
    #expect(try OutputTime(plain).units == plain.units)
    #expect(throws: GridError.self) {
      try OutputTime(TimeAxis(values: [1, 1], units: "days since 1850-01-01", calendar: .standard))
    }
  }

  @Test func classesAreBytes() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("classes.nc")
    var original = try description(.regular, nil)
    original.variables[0] = VariableDescription(
      name: "label", flags: [.init(value: 0, meaning: "none"), .init(value: 1, meaning: "atmospheric river")])
    try await FieldWriting.write(original, [[0, 1, .nan, 0, 1, 1, 0, 0, 0, 0, 1, .nan]], to: path)
    let file = try await SourceFile.open(path)
    let field = try #require(try await Dataset.open(file).field("label"))
    #expect(field.variable.type == .int8)
    #expect(field.description.variables[0].flags?.map(\.meaning) == ["none", "atmospheric_river"])
    let values = try await FieldWriting.values(field, of: file)
    #expect(values[1] == 1 && values[2].isNaN && values[3] == 0)
  }

  /// What CDO, GDAL and, where it is installed, the compliance checker say of files of every kind and calendar.
  @Test(
    .enabled(
      if: ["/usr/bin/cdo", "/usr/bin/gdalinfo"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: $0)
      },
      "cdo and gdalinfo are not installed"))
  func readersOfTheFieldHaveNothingToSay() async throws {
    let folder = try TemporaryFolder()
    let checker = PackageRoot.path + "/.venv/bin/compliance-checker"
    let cases: [(Grid.Kind, CFCalendar)] = [
      (.regular, .standard), (.rotatedPole, .day360), (.curvilinear, .noLeap), (.regular, .allLeap),
      (.regular, .julian), (.regular, .prolepticGregorian),
    ]
    for (kind, calendar) in cases {
      let path = folder.path("\(kind.rawValue)_\(calendar.rawValue).nc")
      try await write(description(kind, monthly(calendar)), to: path)
      var commands = [["gdalinfo", "NETCDF:\(path):tas"]]
      // CDO knows no calendar julian (it says so on stderr).
      if calendar != .julian { commands.append(["cdo", "-s", "sinfo", path]) }
      for command in commands {
        let result = try Command.run(command)
        #expect(result.exit == 0 && result.stderr.isEmpty, "\(kind) \(calendar): \(result.stderr)")
      }
      guard FileManager.default.isExecutableFile(atPath: checker) else { continue }
      for options in [["-t", "cf:1.11", "-c", "strict"], ["-t", "acdd:1.3", "-c", "lenient"]] {
        let result = try Command.run([checker] + options + [path])
        #expect(result.exit == 0, "\(kind) \(calendar): \(result.stdout.suffix(1500))")
      }
    }
  }
}
