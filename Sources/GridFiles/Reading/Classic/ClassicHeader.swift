import Basics

/// The header of a classic file (CDF-1, CDF-2, CDF-5), read by bounds-checked code of our own: the C library
/// crashes on some damaged headers and takes truncated files for files of zeros.
///
/// Source: NetCDF Users Guide, "File Format Specifications" (classic, 64-bit offset, 64-bit data).
struct ClassicHeader: Sendable {
  let version: Int
  let recordCount: Int
  let recordSize: Int
  let root: Group
  /// By variable path.
  let places: [String: Place]

  /// Where the data of one variable are.
  struct Place: Sendable {
    let begin: Int
    let elementSize: Int
    let isRecord: Bool
  }

  static let maximumBytes = 64 << 20
  static let maximumNameBytes = 4096
  static let maximumRank = 32
  static let maximumEntries = 1_000_000
}

/// Reads the header's fields one after another; every read checks what is left.
struct ClassicHeaderParser {
  let file: RawFile
  private var bytes: [UInt8]
  private var position = 4
  private let version: Int

  private var wide: Bool { version == 5 }

  init(_ file: RawFile, version: Int) throws(FileError) {
    (self.file, self.version) = (file, version)
    // Most headers are small: more is read when it is needed.
    bytes = try file.prefix(16 << 10)
  }

  static func parse(_ file: RawFile, version: Int) throws(FileError) -> ClassicHeader {
    var parser = try ClassicHeaderParser(file, version: version)
    return try parser.header()
  }

  // MARK: Fields

  private func damaged(_ cause: String, _ subject: String? = nil) -> FileError {
    FileError(.damaged, path: file.path, subject: subject, cause)
  }

  private mutating func take(_ count: Int) throws(FileError) -> Range<Int> {
    guard count >= 0, count <= ClassicHeader.maximumBytes, position <= ClassicHeader.maximumBytes - count
    else {
      throw FileError(
        .refused, path: file.path,
        "the header is larger than \(ClassicHeader.maximumBytes >> 20) MiB (or damaged)")
    }
    if position + count > bytes.count {
      let wanted = min(max(position + count, bytes.count * 4), ClassicHeader.maximumBytes)
      bytes = try file.prefix(wanted)
      guard position + count <= bytes.count else {
        throw damaged("the header is cut: \(position + count) bytes are needed, the file has \(file.size)")
      }
    }
    defer { position += count }
    return position..<(position + count)
  }

  private mutating func unsigned(_ count: Int) throws(FileError) -> UInt64 {
    bytes[try take(count)].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A count or size: 32 bits, 64 in CDF-5; never negative.
  private mutating func size(_ what: String, _ subject: String? = nil) throws(FileError) -> Int {
    let value = try unsigned(wide ? 8 : 4)
    guard let size = Int(exactly: value), wide || value <= UInt64(Int32.max) else {
      throw damaged("\(what) is negative", subject)
    }
    return size
  }

  private mutating func entries(_ what: String) throws(FileError) -> Int {
    let count = try size("the number of \(what)")
    guard count <= ClassicHeader.maximumEntries else {
      throw FileError(
        .refused, path: file.path, "\(count) \(what); at most \(ClassicHeader.maximumEntries) are read")
    }
    return count
  }

  private mutating func name(_ what: String) throws(FileError) -> String {
    let count = try size("the length of the name of a \(what)")
    guard count > 0, count <= ClassicHeader.maximumNameBytes else {
      throw damaged(
        "the name of a \(what) has \(count) bytes, expected 1 to \(ClassicHeader.maximumNameBytes)")
    }
    // Old writers counted the NUL of a C string.
    let name = text(of: bytes[try take(count)].prefix { $0 != 0 })
    _ = try take(-count & 3)
    return name
  }

  /// The tag and the number of a list's entries; an absent list is two zeros.
  private mutating func list(_ tag: UInt64, _ what: String) throws(FileError) -> Int {
    let found = try unsigned(4)
    let count = try entries(what)
    guard found == tag || (found == 0 && count == 0) else {
      throw damaged("expected the list of \(what) (tag \(tag)), found tag \(found)")
    }
    return count
  }

  private mutating func type(_ subject: String) throws(FileError) -> ElementType {
    let number = try unsigned(4)
    let types: [ElementType] = [
      .int8, .char, .int16, .int32, .float32, .float64, .uint8, .uint16, .uint32, .int64, .uint64,
    ]
    guard number >= 1, number <= (wide ? 11 : 6), let index = Int(exactly: number) else {
      throw damaged("type \(number) is none of CDF-\(version)", subject)
    }
    return types[index - 1]
  }

  private mutating func attributes(of owner: String?) throws(FileError) -> [Attribute] {
    let count = try list(12, "attributes")
    var attributes: [Attribute] = []
    for _ in 0..<count {
      let name = try name("attribute")
      let subject = (owner.map { "\($0):" } ?? ":") + name
      let type = try type(subject)
      let length = try size("the length", subject)
      let (size, overflow) = length.multipliedReportingOverflow(by: type.size ?? 1)
      guard !overflow, size <= ClassicHeader.maximumBytes else {
        throw damaged("\(length) values do not fit into the header", subject)
      }
      let range = try take(size)
      attributes.append(Attribute(name, value(type, bytes[range], length)))
      _ = try take(-size & 3)
    }
    return attributes
  }

  private func value(_ type: ElementType, _ bytes: ArraySlice<UInt8>, _ count: Int) -> Attribute.Value {
    func numbers<T: FixedWidthInteger>(_: T.Type) -> [T] {
      let size = MemoryLayout<T>.size
      return (0..<count).map { index in
        let start = bytes.startIndex + index * size
        return T(truncatingIfNeeded: bytes[start..<(start + size)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
      }
    }
    switch type {
    case .int8: return .int8(numbers(Int8.self))
    case .uint8: return .uint8(numbers(UInt8.self))
    case .int16: return .int16(numbers(Int16.self))
    case .uint16: return .uint16(numbers(UInt16.self))
    case .int32: return .int32(numbers(Int32.self))
    case .uint32: return .uint32(numbers(UInt32.self))
    case .int64: return .int64(numbers(Int64.self))
    case .uint64: return .uint64(numbers(UInt64.self))
    case .float32: return .float32(numbers(UInt32.self).map(Float.init(bitPattern:)))
    case .float64: return .float64(numbers(UInt64.self).map(Double.init(bitPattern:)))
    default: return .text(attributeText(bytes))
    }
  }

  // MARK: The whole

  private struct Found {
    let name: String
    let type: ElementType
    let dimensions: [Int]
    let attributes: [Attribute]
    let begin: Int
  }

  private mutating func header() throws(FileError) -> ClassicHeader {
    let streaming: UInt64 = wide ? .max : 0xFFFF_FFFF
    let records = try unsigned(wide ? 8 : 4)
    let dimensions = try dimensions()
    let attributes = try attributes(of: nil)
    let variables = try variables(dimensions)
    let recordDimension = dimensions.firstIndex { $0.isUnlimited }

    // Sizes of one record, or of the whole for a variable without records, all checked.
    var sizes: [Int] = []
    for variable in variables {
      let isRecord = recordDimension != nil && variable.dimensions.first == recordDimension
      let own = isRecord ? variable.dimensions.dropFirst() : variable.dimensions[...]
      guard own.allSatisfy({ $0 != recordDimension }) else {
        throw damaged("the unlimited dimension is not its first", variable.name)
      }
      guard let size = checkedProduct(own.map { dimensions[$0].length } + [variable.type.size ?? 1]),
        size <= Int.max / 4
      else { throw damaged("its size does not fit into 63 bits", variable.name) }
      sizes.append(size)
    }
    let recordVariables = variables.indices.filter {
      recordDimension != nil && variables[$0].dimensions.first == recordDimension
    }
    let isRecordVariable = Set(recordVariables)
    var recordSize = 0
    if recordVariables.count == 1, let only = recordVariables.first {
      // A single record variable is not padded to four bytes (format specification, note on padding).
      recordSize = sizes[only]
    } else {
      for index in recordVariables {
        let (sum, overflow) = recordSize.addingReportingOverflow((sizes[index] + 3) & ~3)
        guard !overflow else { throw damaged("a record does not fit into 63 bits") }
        recordSize = sum
      }
    }

    let recordCount: Int
    if records == streaming {
      // The writer did not know: as many whole records as the file has.
      let first = recordVariables.map { variables[$0].begin }.min() ?? 0
      recordCount = recordSize == 0 ? 0 : max(0, (Int(file.size) - first) / recordSize)
    } else if let count = Int(exactly: records) {
      recordCount = count
    } else {
      throw damaged("the number of records (\(records)) does not fit into 63 bits")
    }

    try checkPlaces(variables, sizes, isRecordVariable, recordCount, recordSize)

    let final = dimensions.map {
      $0.isUnlimited ? Dimension(name: $0.name, length: recordCount, isUnlimited: true) : $0
    }
    var places: [String: ClassicHeader.Place] = [:]
    var list: [Variable] = []
    for (index, variable) in variables.enumerated() {
      let isRecord = isRecordVariable.contains(index)
      let path = "/" + variable.name
      let isNew =
        places.updateValue(
          .init(begin: variable.begin, elementSize: variable.type.size ?? 1, isRecord: isRecord), forKey: path
        )
        == nil
      guard isNew else { throw damaged("two variables have this name", variable.name) }
      list.append(
        Variable(
          name: variable.name, path: path, type: variable.type, byteOrder: .big,
          dimensions: variable.dimensions.map { final[$0] }, attributes: variable.attributes,
          storage: isRecord ? .records : .contiguous))
      guard checkedProduct(list[index].extents + [8]) != nil else {
        throw damaged("its size does not fit into 63 bits", variable.name)
      }
    }
    return ClassicHeader(
      version: version, recordCount: recordCount, recordSize: recordSize,
      root: Group(
        name: "", path: "/", dimensions: final, attributes: attributes, variables: list, groups: []),
      places: places)
  }

  private mutating func dimensions() throws(FileError) -> [Dimension] {
    let count = try list(10, "dimensions")
    var dimensions: [Dimension] = []
    var names: Set<String> = []
    for _ in 0..<count {
      let name = try name("dimension")
      let length = try size("the length of dimension \(name)")
      guard length > 0 || !dimensions.contains(where: \.isUnlimited) else {
        throw damaged("a second unlimited dimension", name)
      }
      guard names.insert(name).inserted else { throw damaged("two dimensions have this name", name) }
      dimensions.append(Dimension(name: name, length: length, isUnlimited: length == 0))
    }
    return dimensions
  }

  private mutating func variables(_ dimensions: [Dimension]) throws(FileError) -> [Found] {
    let count = try list(11, "variables")
    var variables: [Found] = []
    for _ in 0..<count {
      let name = try name("variable")
      let rank = try size("the number of dimensions", name)
      guard rank <= ClassicHeader.maximumRank else {
        throw FileError(
          .refused, path: file.path, subject: name,
          "\(rank) dimensions; at most \(ClassicHeader.maximumRank) are read")
      }
      var ids: [Int] = []
      for _ in 0..<rank {
        let id = try size("the number of a dimension", name)
        guard dimensions.indices.contains(id) else {
          throw damaged("dimension number \(id), but there are \(dimensions.count)", name)
        }
        ids.append(id)
      }
      let attributes = try attributes(of: name)
      let type = try type(name)
      // The size that the header states overflows for large variables: it is computed, never believed.
      _ = try unsigned(wide ? 8 : 4)
      let start = try unsigned(version == 1 ? 4 : 8)
      guard let begin = Int(exactly: start), begin <= Int.max / 4 else {
        throw damaged("its data begin at byte \(start)", name)
      }
      variables.append(
        Found(name: name, type: type, dimensions: ids, attributes: attributes, begin: begin))
    }
    return variables
  }

  /// Every byte of every variable must be in the file.
  private func checkPlaces(
    _ variables: [Found], _ sizes: [Int], _ records: Set<Int>, _ recordCount: Int, _ recordSize: Int
  ) throws(FileError) {
    for (index, variable) in variables.enumerated() {
      let isRecord = records.contains(index)
      guard sizes[index] > 0, !isRecord || recordCount > 0 else { continue }
      guard variable.begin >= position else {
        throw damaged(
          "its data begin at byte \(variable.begin), inside the header (\(position) bytes)", variable.name)
      }
      let steps = isRecord ? recordCount - 1 : 0
      let (skipped, tooMany) = steps.multipliedReportingOverflow(by: recordSize)
      let (end, tooFar) = (variable.begin + sizes[index]).addingReportingOverflow(skipped)
      guard !tooMany, !tooFar else {
        throw damaged("\(recordCount) records of \(recordSize) bytes do not fit into 63 bits", variable.name)
      }
      guard end <= file.size else {
        throw FileError(
          .damaged, path: file.path, subject: variable.name,
          "the file is cut: by its header it has at least \(end) bytes, found \(file.size)",
          remedy: "fetch or write the file again")
      }
    }
  }
}

/// The text of an attribute: without the NULs at its end.
func attributeText(_ bytes: some BidirectionalCollection<UInt8>) -> String {
  var end = bytes.endIndex
  while end > bytes.startIndex, bytes[bytes.index(before: end)] == 0 { end = bytes.index(before: end) }
  return text(of: bytes[bytes.startIndex..<end])
}
