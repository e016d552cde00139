import Basics
import Compute

/// Writes safetensors files: the same content gives the same bytes, whatever the order in which it was given.
/// Tensors stand with the largest elements first and then by name, metadata by name, the header is filled with
/// blanks to a multiple of 8 bytes, so that every number is aligned.
public struct SafeTensorsWriter: Sendable {
  /// Numbers to be stored.
  public enum Content: Sendable {
    case float32([Float])
    /// Numbers that stay where they are: of a store that nobody changes until the file is written.
    case parameters(Parameters, ParameterLayout.Entry)
    case float64([Double])
    case int64([Int64])
    case uint8([UInt8])

    var type: StoredType {
      switch self {
      case .float32, .parameters: .float32
      case .float64: .float64
      case .int64: .int64
      case .uint8: .uint8
      }
    }

    var count: Int {
      switch self {
      case .float32(let values): values.count
      case .parameters(_, let entry): entry.shape.count
      case .float64(let values): values.count
      case .int64(let values): values.count
      case .uint8(let values): values.count
      }
    }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
      // Little endian, as every machine that this is built for.
      switch self {
      case .float32(let values): values.withUnsafeBytes(body)
      case .parameters(let store, let entry): body(UnsafeRawBufferPointer(store[entry].values))
      case .float64(let values): values.withUnsafeBytes(body)
      case .int64(let values): values.withUnsafeBytes(body)
      case .uint8(let values): values.withUnsafeBytes(body)
      }
    }
  }

  private var entries: [(name: String, extents: [Int], content: Content)] = []
  private var metadata: [String: String] = [:]

  public init() {}

  /// Adds a tensor. The name must be new and the count the product of the extents.
  /// - Throws: `ModelError` otherwise.
  public mutating func add(_ name: String, _ extents: [Int], _ content: Content) throws(ModelError) {
    var count = 1
    for extent in extents {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflow else {
        throw ModelError(.mismatch, subject: name, "it cannot have the shape \(extents)")
      }
      count = product
    }
    guard count == content.count else {
      throw ModelError(
        .mismatch, subject: name, "the numbers of shape \(extents)", expected: "\(count)",
        found: "\(content.count)")
    }
    guard name != "__metadata__", !entries.contains(where: { $0.name == name }) else {
      throw ModelError(.mismatch, subject: name, "a tensor cannot be added under this name")
    }
    entries.append((name, extents, content))
  }

  /// Sets a text of `__metadata__`.
  public mutating func set(_ key: String, _ text: String) { metadata[key] = text }

  private var sorted: [(name: String, extents: [Int], content: Content)] {
    entries.sorted {
      $0.content.type.bytes != $1.content.type.bytes
        ? $0.content.type.bytes > $1.content.type.bytes : $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
  }

  /// The length of the header and the header.
  private var header: [UInt8] {
    var keys: [(String, JSONValue)] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      keys.append(("__metadata__", .object(texts.map { ($0.key, .string($0.value)) })))
    }
    var offset = 0
    for (name, extents, content) in sorted {
      let end = offset + content.count * content.type.bytes
      keys.append(
        (
          name,
          .object([
            ("dtype", .string(content.type.rawValue)), ("shape", .array(extents.map { .integer($0) })),
            ("data_offsets", .array([.integer(offset), .integer(end)])),
          ])
        ))
      offset = end
    }
    var json = Array(JSONValue.object(keys).text.utf8)
    json += [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8)
    return (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json
  }

  /// All bytes of the file.
  public var bytes: [UInt8] {
    var bytes = header
    for entry in sorted { entry.content.withBytes { bytes.append(contentsOf: $0) } }
    return bytes
  }

  /// Writes the file under a temporary name, brings it to the disk and renames it: the file is there whole or
  /// not at all.
  /// - Returns: the file's SHA-256.
  /// - Throws: `FileError` when it cannot be written, or another process is writing it.
  @discardableResult
  public func write(to path: String) throws(FileError) -> String {
    let file = try TemporaryFile.create(path)
    var digest = SHA256()
    do throws(FileError) {
      let header = header
      digest.update(header)
      try file.write(header)
      var offset = header.count
      for entry in sorted {
        let result = entry.content.withBytes { bytes -> Result<Int, FileError> in
          digest.update(bytes)
          do throws(FileError) {
            try file.write(bytes, at: offset)
            return .success(bytes.count)
          } catch {
            return .failure(error)
          }
        }
        offset += try result.get()
      }
      try file.publish()
    } catch {
      file.remove()
      throw error
    }
    return SHA256.hex(digest.digest())
  }
}
