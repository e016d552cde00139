import GridFiles
import TestSupport

/// A file of 3 steps x 4 x 5 cells on disk, to be changed in one place by each test.
struct SmallFile {
  var latitudes = [-60.0, -20, 20, 60]
  var latitudeBounds = [-80.0, -40, -40, 0, 0, 40, 40, 80]
  var longitudes = [0.0, 72, 144, 216, 288]
  var times = [0.0, 1, 2]
  var timeUnits = "days since 2001-02-27"
  var calendar = "noleap"
  var title = "small"
  var isPacked = false
  var values = (0..<60).map { 270 + Double($0) * 0.5 }
  /// Cells that are missing.
  var missing: Set<Int> = [7]
  var extra: [Attribute] = []

  func write(_ path: String) async throws {
    var definition = FileDefinition(
      dimensions: [
        Dimension(name: "time", length: 3, isUnlimited: true), Dimension(name: "lat", length: 4),
        Dimension(name: "lon", length: 5), Dimension(name: "bnds", length: 2),
      ],
      attributes: [
        Attribute("Conventions", "CF-1.10"), Attribute("title", title), Attribute("history", "made"),
      ])
    func add(_ name: String, _ type: ElementType, _ dimensions: [String], _ attributes: [Attribute]) {
      definition.variables.append(
        VariableDefinition(
          name: name, type: type, dimensions: dimensions, attributes: attributes,
          fill: name != "tas" ? nil : isPacked ? .int16([-32768]) : .float32([1e20]),
          chunks: name == "tas" ? [2, 4, 5] : name == "time" ? [3] : nil, deflate: name == "tas" ? 4 : nil))
    }
    add(
      "time", .float64, ["time"],
      [
        Attribute("standard_name", "time"), Attribute("units", timeUnits), Attribute("calendar", calendar),
      ])
    add(
      "lat", .float64, ["lat"],
      [
        Attribute("standard_name", "latitude"), Attribute("units", "degrees_north"),
        Attribute("bounds", "lat_bnds"),
      ])
    add("lat_bnds", .float64, ["lat", "bnds"], [])
    add(
      "lon", .float64, ["lon"], [Attribute("standard_name", "longitude"), Attribute("units", "degrees_east")])
    var attributes = [Attribute("standard_name", "air_temperature"), Attribute("units", "K")] + extra
    if isPacked {
      attributes += [Attribute("scale_factor", .float64([0.5])), Attribute("add_offset", .float64([270]))]
    }
    add("tas", isPacked ? .int16 : .float32, ["time", "lat", "lon"], attributes)
    let file = try await OutputFile.create(path, definition, inputs: [])
    try await file.write("time", times, start: [0], count: [3])
    try await file.write("lat", latitudes, start: [0], count: [4])
    try await file.write("lat_bnds", latitudeBounds, start: [0, 0], count: [4, 2])
    try await file.write("lon", longitudes, start: [0], count: [5])
    let stored = values.enumerated().map { index, value -> Double in
      if missing.contains(index) { return isPacked ? -32768 : Double(Float(1e20)) }
      return isPacked ? ((value - 270) / 0.5).rounded() : value
    }
    try await file.write("tas", stored, start: [0, 0, 0], count: [3, 4, 5])
    try await file.publish()
  }

  /// Writes it and runs `isotach` on it.
  func open(_ folder: TemporaryFolder, _ name: String = "a.nc") async throws -> SourceFile {
    try await write(folder.path(name))
    return try await SourceFile.open(folder.path(name))
  }
}
