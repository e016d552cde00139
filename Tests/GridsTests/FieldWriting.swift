import GridFiles
import TestSupport

@testable import Grids

/// Reads a field whole and writes it as a file of its own, the way a pipeline with no stages would.
enum FieldWriting {
  static let options: EncodingOptions = {
    var options = EncodingOptions()
    options.historyLine = "2026-01-01T00:00:00Z: isotach test"
    options.source = "isotach test"
    options.dateCreated = "2026-01-01T00:00:00Z"
    return options
  }()

  /// The field's values in the order time, layers, row, column; NaN where missing.
  static func values(_ field: Dataset.Field, of file: SourceFile) async throws -> [Float] {
    let description = field.description
    let counts =
      [description.timeCount] + description.layers.map(\.count) + [description.grid.ny, description.grid.nx]
    var strides = [Int](repeating: 1, count: counts.count)
    for index in stride(from: counts.count - 2, through: 0, by: -1) {
      strides[index] = strides[index + 1] * counts[index + 1]
    }
    let mapped = field.roles.map { role -> Int in
      switch role {
      case .time: strides[0]
      case .layer(let n): strides[1 + n]
      case .row: strides[counts.count - 2]
      case .column: strides[counts.count - 1]
      case .single: 0
      }
    }
    let count = counts.reduce(1, *)
    let buffer = UnsafeMutablePointer<Float>.allocate(capacity: max(count, 1))
    defer { buffer.deallocate() }
    if count > 0 {
      try await file.read(
        field.variable, Hyperslab(all: field.variable.extents), decoding: field.decoding,
        into: FloatTarget(values: buffer, validity: nil, strides: mapped), workers: 2)
    }
    return Array(UnsafeBufferPointer(start: buffer, count: count))
  }

  static func write(_ description: Description, _ values: [[Float]], to path: String) async throws {
    let header = try EncodedHeader(description, options)
    let file = try await OutputFile.create(path, header.definition, inputs: [])
    let lengths = Dictionary(uniqueKeysWithValues: header.definition.dimensions.map { ($0.name, $0.length) })
    func extents(_ name: String) -> [Int] {
      header.definition.variables.first { $0.name == name }?.dimensions.map { lengths[$0] ?? 0 } ?? []
    }
    for (name, numbers) in header.numbers {
      try await file.write(name, numbers, start: extents(name).map { _ in 0 }, count: extents(name))
    }
    for (name, texts) in header.texts { try await file.write(name, text: texts) }
    for ((name, _), numbers) in zip(header.data, values) {
      let isFlags = header.definition.variables.first { $0.name == name }?.type == .int8
      let fill = isFlags ? -128.0 : Double(Float(1e20))
      try await file.write(
        name, numbers.map { $0.isNaN ? fill : Double($0) }, start: extents(name).map { _ in 0 },
        count: extents(name))
    }
    try await file.publish()
  }
}
