import Foundation

@testable import GridFiles

/// The small file that these tests write: a growing time axis with bounds, a field with a fill value, all the
/// classic types, labels.
enum SampleFile {
  static let (times, rows, columns) = (5, 7, 11)

  static func definition(
    deflate: Int? = 4, shuffle: Bool = true, chunks: [Int] = [1, 4, 11], growing: Bool = true
  ) -> FileDefinition {
    FileDefinition(
      dimensions: [
        Dimension(name: "time", length: times, isUnlimited: growing), Dimension(name: "bnds", length: 2),
        Dimension(name: "lat", length: rows), Dimension(name: "lon", length: columns),
        Dimension(name: "letters", length: 6),
      ],
      attributes: [
        Attribute("Conventions", "CF-1.11, ACDD-1.3"), Attribute("title", "Fläche"),
        Attribute("numbers", .int32([1, 2, 3])), Attribute("one", .float64([0.1])),
      ],
      variables: [
        VariableDefinition(
          name: "field", type: .float32, dimensions: ["time", "lat", "lon"],
          attributes: [
            Attribute("units", "K"), Attribute("grid_mapping", "crs"),
          ],
          fill: .float32([1e20]), chunks: chunks, deflate: deflate, shuffle: shuffle),
        VariableDefinition(
          name: "time", type: .float64, dimensions: ["time"],
          attributes: [Attribute("units", "days since 1850-01-01"), Attribute("bounds", "time_bnds")],
          chunks: [growing ? 512 : times]),
        VariableDefinition(
          name: "time_bnds", type: .float64, dimensions: ["time", "bnds"], chunks: [growing ? 512 : times, 2]),
        VariableDefinition(
          name: "lat", type: .float64, dimensions: ["lat"], attributes: [Attribute("units", "degrees_north")]),
        VariableDefinition(
          name: "lon", type: .float32, dimensions: ["lon"], attributes: [Attribute("units", "degrees_east")]),
        VariableDefinition(
          name: "crs", type: .int32, dimensions: [],
          attributes: [Attribute("grid_mapping_name", "latitude_longitude")]),
        VariableDefinition(name: "label", type: .char, dimensions: ["lat", "letters"]),
        // Named as a dimension, and not its coordinate.
        VariableDefinition(name: "letters", type: .int16, dimensions: ["lat"]),
        VariableDefinition(
          name: "classes", type: .int8, dimensions: ["lat", "lon"],
          attributes: [Attribute("flag_values", .int8([0, 1])), Attribute("flag_meanings", "sea land")],
          fill: .int8([-1]), chunks: [7, 11], deflate: 1, shuffle: false),
      ])
  }

  static func value(_ t: Int, _ j: Int, _ i: Int) -> Float {
    (t + j + i) % 9 == 0 ? 1e20 : 273.15 + Float(t) + 0.25 * Float(j) - 0.125 * Float(i * i)
  }
  static var values: [Float] {
    (0..<times).flatMap { t in (0..<rows).flatMap { j in (0..<columns).map { i in value(t, j, i) } } }
  }
  static func label(_ j: Int) -> String { "row \(j)" }

  /// Everything but the field.
  static func writeCoordinates(_ file: OutputFile) async throws {
    let days = (0..<times).map { 15.5 + 30 * Double($0) }
    try await file.write("time", days, start: [0], count: [times])
    try await file.write(
      "time_bnds", days.flatMap { [$0 - 15, $0 + 15] }, start: [0, 0], count: [times, 2])
    try await file.write("lat", (0..<rows).map { 40 + Double($0) / 3 }, start: [0], count: [rows])
    try await file.write("lon", (0..<columns).map { Double($0) / 3 }, start: [0], count: [columns])
    try await file.write("crs", [7], start: [], count: [])
    let hasLabel = file.definition.variables.contains { $0.name == "label" }
    if hasLabel { try await file.write("label", text: (0..<rows).map(label)) }
    try await file.write("letters", (0..<rows).map { Double(-$0) }, start: [0], count: [rows])
    let classes = (0..<rows * columns).map { Int8($0 % 3 - 1) }
    let chunk = try classes.withUnsafeBytes { try file.encode("classes", $0) }
    try await file.write("classes", chunkAt: [0, 0], chunk)
  }

  /// The field by chunks of [steps, height, columns].
  static func writeField(_ file: OutputFile, steps: Int = 1, height: Int = 4) async throws {
    for first in stride(from: 0, to: times, by: steps) {
      for top in stride(from: 0, to: rows, by: height) {
        var values = [Float](repeating: 1e20, count: steps * height * columns)
        for t in 0..<min(steps, times - first) {
          for j in 0..<min(height, rows - top) {
            for i in 0..<columns { values[(t * height + j) * columns + i] = value(first + t, top + j, i) }
          }
        }
        let chunk = try values.withUnsafeBytes { try file.encode("field", $0) }
        try await file.write("field", chunkAt: [first, top, 0], chunk)
      }
    }
  }

  static func write(_ path: String, _ definition: FileDefinition = definition()) async throws {
    let file = try await OutputFile.create(path, definition, inputs: [])
    try await writeCoordinates(file)
    try await writeField(file)
    try await file.publish()
  }
}
