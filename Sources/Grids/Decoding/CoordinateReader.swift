import GridFiles

/// Reads the numbers of coordinates and bounds, each variable once, and collects the notes.
final class CoordinateReader {
  let file: SourceFile
  let scope: Scope
  private(set) var notes: [DatasetNote] = []
  private var noted = Set<DatasetNote>()
  private var numbers: [String: [Double]] = [:]

  /// Coordinates with more numbers are refused (memory).
  static let limit = 1 << 28

  init(_ file: SourceFile, _ scope: Scope) { (self.file, self.scope) = (file, scope) }

  func note(_ level: DatasetNote.Level, _ subject: String, _ text: String) {
    let note = DatasetNote(level, subject, text)
    if noted.insert(note).inserted { notes.append(note) }
  }

  /// The unpacked numbers of a variable, NaN where missing, in its dimension order.
  func values(_ entry: Scope.Entry, packedAs parent: Scope.Entry? = nil) async throws -> [Double] {
    if let known = numbers[entry.path] { return known }
    guard entry.type.isNumeric else {
      throw GridError("`\(entry.name)` has no numbers but \(entry.type.name)", subject: entry.path)
    }
    guard entry.stored.count <= Self.limit else {
      throw GridError(
        "`\(entry.name)` has \(entry.stored.count) numbers, too many for a coordinate", subject: entry.path)
    }
    let result = try await unpacked(entry, nil, parent)
    numbers[entry.path] = result
    return result
  }

  /// Longitudes that jump by a turn (179, -180) are told on (179, 180), when that puts them in order.
  func unwrap(longitudes entry: Scope.Entry) async throws {
    let values = try await values(entry)
    guard values.count > 1, values.allSatisfy(\.isFinite) else { return }
    var turned = values
    for index in 1..<values.count {
      let step = values[index] - turned[index - 1]
      guard abs(step) < 1e6 else { return }
      turned[index] = values[index] - 360 * (step / 360).rounded()
    }
    let rises = turned[1] > turned[0]
    let isOrdered = zip(turned, turned.dropFirst()).allSatisfy { $0 != $1 && ($1 > $0) == rises }
    guard turned != values, isOrdered, abs(turned[turned.count - 1] - turned[0]) <= 360 else { return }
    note(.assumed, entry.path, "the longitudes jump by a turn at the date line; counted on across it")
    numbers[entry.path] = turned
  }

  /// A part of a variable, unpacked.
  func unpacked(_ entry: Scope.Entry, _ slab: Hyperslab?, _ parent: Scope.Entry? = nil) async throws
    -> [Double]
  {
    var attributes = entry.attributes
    if let parent {
      // Bounds inherit what their coordinate says (CF 7.1).
      for inherited in ["scale_factor", "add_offset", "_Unsigned", "_FillValue", "missing_value"]
      where attributes[inherited] == nil {
        if let attribute = parent.attributes[inherited] { attributes.append(attribute) }
      }
    }
    let packing = try Packing(entry.type, attributes, usesDefaultFill: false)
    for remark in packing.remarks { note(.warning, "\(entry.path):\(remark.attribute)", remark.text) }
    let decoding = packing.decoding
    let raw = try await file.readDoubles(entry.stored, slab)
    guard decoding != GridFiles.Decoding() else { return raw }
    let bits = (entry.type.size ?? 8) * 8
    return raw.map { decoding.value($0, bits: bits) }
  }

  func strings(_ entry: Scope.Entry) async throws -> [String] {
    guard entry.stored.count <= Self.limit else {
      throw GridError("`\(entry.name)` has too much text for a coordinate", subject: entry.path)
    }
    return try await file.readStrings(entry.stored).map { $0.trimmed }
  }

  /// The bounds of a 1-D coordinate: two numbers a value; nil, with a note, when they dangle or do not fit.
  func bounds(of entry: Scope.Entry, count: Int, attribute: String = "bounds") async throws -> [Double]? {
    guard let name = entry.text(attribute) else { return nil }
    guard let variable = scope.find(name, from: entry.group) else {
      note(.error, "\(entry.path):\(attribute)", "`\(attribute)` names `\(name)`, which is not in the file")
      return nil
    }
    let isScalar = entry.keys.isEmpty && variable.extents == [2]
    guard isScalar || (variable.extents == [count, 2] && variable.keys.first == entry.keys.first) else {
      note(
        .error, "\(entry.path):\(attribute)",
        "the bounds `\(name)` have the shape \(variable.extents), not [\(count), 2]")
      return nil
    }
    guard variable.type.isNumeric else {
      note(.error, "\(entry.path):\(attribute)", "the bounds `\(name)` are no numbers")
      return nil
    }
    let values = try await values(variable, packedAs: entry)
    guard values.allSatisfy(\.isFinite) else {
      note(.error, variable.path, "the bounds have missing or infinite values and are not used")
      return nil
    }
    return values
  }
}
