import Basics

/// The element types of safetensors that are read here.
public enum StoredType: String, Sendable, Hashable, CaseIterable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case uint8 = "U8"

  public var bytes: Int {
    switch self {
    case .float64, .int64: 8
    case .float32: 4
    case .float16, .bfloat16: 2
    case .uint8: 1
    }
  }
}

/// One tensor of a safetensors file: its name, type, extents and place.
public struct StoredTensor: Sendable, Hashable {
  public let name: String
  public let type: StoredType
  public let extents: [Int]
  /// The product of the extents.
  public let count: Int
  /// Where its bytes stand, counted from the first byte after the header.
  public let range: Range<Int>
}

/// The header of a safetensors file: eight bytes with its length (little endian), then JSON that gives each
/// tensor's dtype, shape and data_offsets, then the data without gaps
/// (https://github.com/huggingface/safetensors, "Format").
public struct SafeTensorsHeader: Sendable {
  /// Longer headers are refused, so that a file cannot ask for much memory before it is known to be in order. (The format's
  /// own library takes 100 MB; a header of 4 MB has tens of thousands of tensors.)
  public static let largest = 4_000_000

  /// In the order of their bytes.
  public let tensors: [StoredTensor]
  /// `__metadata__`, by name.
  public let metadata: [(name: String, text: String)]
  /// Where the data begins in the file.
  public let dataOffset: Int
  /// All that is wrong with the table of tensors, each naming the tensor, what was expected and found.
  public let problems: [ModelError]

  /// - Parameters:
  ///   - json: the bytes of the header after its length.
  ///   - fileBytes: the size of the file.
  /// - Throws: `ModelError` when the header is no JSON object at all.
  public init(json: [UInt8], path: String, fileBytes: Int) throws(ModelError) {
    let value: JSONValue
    do throws(JSONError) {
      guard json.first == UInt8(ascii: "{") else { throw JSONError("'{' is expected", at: 0) }
      value = try JSONValue.parse(json, limits: JSONLimits(bytes: Self.largest, depth: 8))
    } catch {
      throw ModelError(
        .damaged, path: path, "the header is not JSON: \(error.cause) at byte \(error.offset + 8)")
    }
    var tensors: [StoredTensor] = []
    var metadata: [(name: String, text: String)] = []
    var problems: [ModelError] = []
    for (name, entry) in value.object ?? [] {
      if name == "__metadata__" {
        for (key, text) in entry.object ?? [] {
          if let text = text.string {
            metadata.append((key, text))
          } else {
            problems.append(
              ModelError(
                .damaged, path: path, subject: "__metadata__", "the value of \(printable(key, limit: 60))",
                expected: "a text", found: text.kind))
          }
        }
        if entry.object == nil {
          problems.append(
            ModelError(
              .damaged, path: path, subject: "__metadata__", "the metadata", expected: "an object",
              found: entry.kind))
        }
        continue
      }
      do throws(ModelError) {
        tensors.append(try Self.tensor(name, entry, path))
      } catch {
        problems.append(error)
      }
    }
    let (dataOffset, overflow) = json.count.addingReportingOverflow(8)
    self.dataOffset = dataOffset
    self.metadata = metadata.sorted { $0.name < $1.name }
    self.tensors = tensors.sorted {
      ($0.range.lowerBound, $0.range.upperBound, $0.name) < (
        $1.range.lowerBound, $1.range.upperBound, $1.name
      )
    }
    if problems.isEmpty {
      problems += Self.gaps(self.tensors, dataBytes: overflow ? 0 : max(0, fileBytes - dataOffset), path)
    }
    self.problems = problems
  }

  private static func tensor(_ name: String, _ entry: JSONValue, _ path: String) throws(ModelError)
    -> StoredTensor
  {
    func wrong(
      _ what: String, expected: String? = nil, found: String? = nil, _ kind: ModelError.Kind = .damaged
    )
      -> ModelError
    {
      ModelError(
        kind, path: path, subject: printable(name, limit: 200), what, expected: expected, found: found)
    }

    guard let keys = entry.object else {
      throw wrong("its entry in the header", expected: "an object", found: entry.kind)
    }
    if let other = keys.first(where: { !["dtype", "shape", "data_offsets"].contains($0.0) }) {
      throw wrong("its entry has the unknown key \(printable(other.0, limit: 60))")
    }
    guard let code = entry["dtype"]?.string else { throw wrong("its entry has no dtype") }
    guard let type = StoredType(rawValue: code) else {
      throw wrong(
        "its dtype is not read here", expected: StoredType.allCases.map(\.rawValue).joined(separator: ", "),
        found: printable(code, limit: 20), .unsupported)
    }
    guard let shape = entry["shape"]?.array else { throw wrong("its entry has no shape") }
    var extents: [Int] = []
    var bytes = type.bytes
    var overflow = false
    for extent in shape {
      guard case .integer(let extent) = extent, extent >= 0 else {
        throw wrong("an extent of its shape", expected: "a count", found: printable(extent.text, limit: 40))
      }
      extents.append(extent)
      let product = bytes.multipliedReportingOverflow(by: extent)
      (bytes, overflow) = (product.partialValue, overflow || product.overflow)
    }
    guard !overflow || extents.contains(0) else {
      throw wrong("the bytes of its shape \(extents) do not fit into 63 bits")
    }
    if extents.contains(0) { bytes = 0 }
    guard let offsets = entry["data_offsets"]?.array, offsets.count == 2,
      case .integer(let begin) = offsets[0],
      case .integer(let end) = offsets[1], begin >= 0, end >= begin
    else {
      throw wrong(
        "its data_offsets", expected: "[begin, end]",
        found: entry["data_offsets"].map { printable($0.text, limit: 60) } ?? "nothing")
    }
    guard end - begin == bytes else {
      throw wrong(
        "its data_offsets against its shape \(extents) of \(type.rawValue)", expected: "\(bytes) bytes",
        found: "\(end - begin)")
    }
    return StoredTensor(
      name: name, type: type, extents: extents, count: bytes / type.bytes, range: begin..<end)
  }

  /// The data are to be covered completely, each byte once.
  private static func gaps(_ tensors: [StoredTensor], dataBytes: Int, _ path: String) -> [ModelError] {
    var problems: [ModelError] = []
    var end = 0
    func add(_ tensor: StoredTensor, _ cause: String, expected: String, found: Int) {
      problems.append(
        ModelError(
          .damaged, path: path, subject: printable(tensor.name, limit: 200), cause, expected: expected,
          found: "\(found)"))
    }
    for tensor in tensors {
      let begin = tensor.range.lowerBound
      if begin < end {
        add(tensor, "it overlaps another tensor", expected: "to begin at \(end)", found: begin)
      }
      if begin > end {
        add(tensor, "bytes before it belong to no tensor", expected: "to begin at \(end)", found: begin)
      }
      if tensor.range.upperBound > dataBytes {
        add(
          tensor, "the file ends before it does", expected: "\(tensor.range.upperBound) bytes of data",
          found: dataBytes)
      }
      end = max(end, tensor.range.upperBound)
    }
    if dataBytes > end {
      problems.append(
        ModelError(
          .damaged, path: path, "bytes after the last tensor belong to none",
          expected: "\(end) bytes of data",
          found: "\(dataBytes)"))
    }
    return problems
  }
}
