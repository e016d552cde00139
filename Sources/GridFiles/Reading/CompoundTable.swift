import Basics
import CHDF5

/// The records of a compound dataset, column by column.
public struct CompoundTable: Sendable {
  public struct Column: Sendable {
    /// The field's name; of a field inside a compound field `outer.inner`.
    public let name: String
    /// How many values each record has: 1, or the elements of an array field.
    public let width: Int
    public let values: Values
  }

  /// All records' values one after another, `width` for each.
  public enum Values: Sendable, Hashable {
    /// Numbers of any type, and the numbers of enumerations; int64 beyond 2^53 are rounded.
    case numbers([Double])
    case texts([String])
  }

  public let columns: [Column]
  /// The number of records.
  public let count: Int

  /// The column of that name.
  public subscript(_ name: String) -> Column? { columns.first { $0.name == name } }
}

extension CompoundTable.Column {
  /// The numbers, empty for a column of texts.
  public var numbers: [Double] { if case .numbers(let numbers) = values { numbers } else { [] } }
  /// The texts, empty for a column of numbers.
  public var texts: [String] { if case .texts(let texts) = values { texts } else { [] } }
}

extension SourceFile {
  /// Reads records of a compound dataset.
  /// - Parameters:
  ///   - columns: the fields that are wanted; nil for all that are numbers or texts.
  ///   - rows: the records, counted in row-major order through the first dimension; nil for all.
  /// - Throws: `FileError`: `unsupported` for a variable or wanted field of another type, `refused` for an
  ///   unknown field or rows outside, else as `read`.
  public func readTable(
    _ variable: Variable, columns wanted: [String]? = nil, rows: Range<Int>? = nil
  ) async throws(FileError) -> CompoundTable {
    func failed(_ kind: FileError.Kind, _ cause: String, _ remedy: String? = nil) -> FileError {
      FileError(kind, path: header.path, subject: variable.path, cause, remedy: remedy)
    }
    guard case .compound = variable.type, case .hdf5(let file, let places) = backing,
      let place = places[variable.path]
    else { throw failed(.unsupported, "its type is \(variable.type.name), not a compound") }
    let all = CompoundLeaf.leaves(place.type)
    var leaves: [CompoundLeaf] = []
    if let wanted {
      for name in wanted {
        guard let leaf = all.first(where: { $0.name == name }) else {
          throw failed(
            .refused, "it has no field \(name)", "its fields: \(all.map(\.name).joined(separator: ", "))")
        }
        guard leaf.isReadable else {
          throw failed(.unsupported, "its field \(name) is of type \(leaf.type.element.name)")
        }
        leaves.append(leaf)
      }
    } else {
      leaves = all.filter(\.isReadable)
    }
    var slab = Hyperslab(all: variable.extents)
    if let rows {
      guard let length = slab.count.first, rows.lowerBound >= 0, rows.upperBound <= length else {
        throw failed(.refused, "rows \(rows) are outside of its \(slab.count.first ?? 1) records")
      }
      (slab.start[0], slab.count[0]) = (rows.lowerBound, rows.count)
    }
    guard let bytes = checkedProduct(slab.count + [place.type.size]), bytes <= SourceFile.maximumArrayBytes
    else { throw failed(.refused, "\(slab.count) records are more than 2 GiB", "read it in parts") }
    let count = slab.count.reduce(1, *)
    if place.type.hasPointers {
      guard place.extents == variable.extents else {
        throw failed(.unsupported, "its records are fewer than its unlimited dimension is long")
      }
      guard await file.canFilter(place) else { throw FilterNames.error(variable, path: header.path) }
      let columns =
        count == 0
        ? [] : try await (place.source ?? file).records(place, slab, leaves, subject: variable.path)
      return CompoundTable(columns: columns, count: count)
    }
    let records = try await readBytes(variable, slab)
    let columns = unsafe records.withUnsafeBytes { buffer in
      leaves.map { unsafe $0.column(buffer, size: place.type.size, count: count) }
    }
    return CompoundTable(columns: columns, count: count)
  }
}

/// One field of a compound that is no compound itself.
struct CompoundLeaf: Sendable {
  let name: String
  let offset: Int
  let type: StoredType
  let width: Int

  var isReadable: Bool {
    if type.needsConversion { return false }
    switch type.element {
    case .string, .fixedString, .char, .enumeration: return true
    default: return type.element.isNumeric
    }
  }

  static func leaves(_ type: StoredType, prefix: String = "", offset: Int = 0) -> [CompoundLeaf] {
    type.fields.flatMap { field -> [CompoundLeaf] in
      let width = checkedProduct(field.extents) ?? 0
      if case .compound = field.type.element, width == 1 {
        return leaves(field.type, prefix: prefix + field.name + ".", offset: offset + field.offset)
      }
      return [
        CompoundLeaf(name: prefix + field.name, offset: offset + field.offset, type: field.type, width: width)
      ]
    }
  }

  /// The field of every record. Fields were checked to lie inside the record when the header was read.
  func column(_ records: UnsafeRawBufferPointer, size: Int, count: Int) -> CompoundTable.Column {
    var texts: [String] = []
    var bytes: [UInt8] = []
    for record in 0..<count {
      for element in 0..<width {
        let start = record * size + offset + element * type.size
        guard start >= 0, start + type.size <= records.count else { continue }
        let field = unsafe UnsafeRawBufferPointer(rebasing: records[start..<(start + type.size)])
        switch type.element {
        case .string:
          let pointer = unsafe field.loadUnaligned(as: UnsafePointer<CChar>?.self)
          unsafe texts.append(pointer.map { unsafe cText($0) } ?? "")
        case .fixedString, .char:
          unsafe texts.append(Numbers.fixedText(Array(field)[...], type.stringPadding))
        default: unsafe bytes.append(contentsOf: field)
        }
      }
    }
    let numbers = Numbers.doubles(bytes, type.element, swaps: type.swaps) ?? []
    switch type.element {
    case .string, .fixedString, .char: return .init(name: name, width: width, values: .texts(texts))
    default: return .init(name: name, width: width, values: .numbers(numbers))
    }
  }
}

extension HDF5File {
  /// Records whose fields point into memory of the HDF5 library, which is given back here.
  func records(
    _ place: HDF5Place, _ slab: Hyperslab, _ leaves: [CompoundLeaf], subject: String
  ) throws(FileError) -> [CompoundTable.Column] {
    let count = slab.count.reduce(1, *)
    guard let bytes = checkedProduct([count, place.type.size]), bytes > 0, let buffer = ScratchBuffer(bytes)
    else { throw FileError(.inputOutput, path: raw.path, subject: subject, "no memory for \(count) records") }
    unsafe buffer.base.update(repeating: 0, count: bytes)
    try unsafe read(place, slab, subject: subject, into: buffer.base)
    let columns = leaves.map { leaf in
      unsafe leaf.column(
        UnsafeRawBufferPointer(start: buffer.base, count: bytes), size: place.type.size, count: count)
    }
    let dataset = try dataset(place, subject: subject)
    if let type = HDF5Handle(H5Dget_type(dataset)),
      let space = HDF5Handle(unsafe H5Screate_simple(1, [hsize_t(count)], nil))
    {
      unsafe H5Dvlen_reclaim(type.id, space.id, isotach_H5P_DEFAULT(), buffer.base)
    }
    return columns
  }
}
