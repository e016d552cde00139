import CHDF5

/// An HDF5 type as it stands in the file: what our model calls it, and what is needed to take its bytes apart.
struct StoredType: Sendable {
  let element: ElementType
  let order: ByteOrder
  /// Bytes of one element; for strings and lists of any length, of the pointer in memory.
  let size: Int
  /// The numbers are not laid out as this machine's (16-bit floats, 24-bit integers): HDF5 converts them.
  var needsConversion = false
  var fields: [Field] = []
  /// A string of fixed size ends at its size, not at a NUL.
  var stringPadding = StringPadding.nullTerminated

  struct Field: Sendable {
    let name: String
    let offset: Int
    let type: StoredType
    let extents: [Int]
  }

  enum StringPadding: Sendable { case nullTerminated, nulls, spaces }

  /// True when elements hold pointers into memory of the HDF5 library.
  var hasPointers: Bool {
    switch element {
    case .string, .variableLength: true
    case .compound: fields.contains { $0.type.hasPointers }
    default: false
    }
  }

  var swaps: Bool { (order == .big) == StoredType.machineIsLittle && size > 1 }
  static let machineIsLittle = 1.littleEndian == 1
}

@IOLane enum HDF5Types {
  static let maximumDepth = 8
  static let maximumMembers = 10_000

  /// Describes an HDF5 type.
  static func describe(_ type: hid_t, depth: Int = 0) -> StoredType {
    let size = Int(H5Tget_size(type))
    func unsupported(_ what: String) -> StoredType {
      StoredType(element: .unsupported(what), order: .little, size: size)
    }
    guard depth < maximumDepth else { return unsupported("type nested deeper than \(maximumDepth)") }
    let order: ByteOrder = H5Tget_order(type) == H5T_ORDER_BE ? .big : .little
    switch H5Tget_class(type) {
    case H5T_INTEGER: return integer(type, size, order)
    case H5T_FLOAT: return float(type, size, order)
    case H5T_STRING: return string(type, size)
    case H5T_ENUM: return enumeration(type, size, depth)
    case H5T_COMPOUND: return compound(type, size, depth)
    case H5T_OPAQUE: return StoredType(element: .opaque(size: size), order: .little, size: size)
    case H5T_VLEN:
      guard let base = HDF5Handle(H5Tget_super(type)) else { return unsupported("variable-length list") }
      let element = describe(base.id, depth: depth + 1)
      if case .unsupported = element.element { return element }
      return StoredType(element: .variableLength(element.element), order: element.order, size: size)
    case H5T_REFERENCE:
      return unsupported(
        H5Tequal(type, isotach_H5T_STD_REF_OBJ()) > 0 ? "object reference" : "region reference")
    case H5T_ARRAY: return unsupported("array")
    case H5T_BITFIELD: return unsupported("bit field")
    case H5T_TIME: return unsupported("time")
    default: return unsupported("unknown type class")
    }
  }

  private static func integer(_ type: hid_t, _ size: Int, _ order: ByteOrder) -> StoredType {
    let signed = H5Tget_sign(type) == H5T_SGN_2
    let isPlain = Int(H5Tget_precision(type)) == size * 8 && [1, 2, 4, 8].contains(size)
    guard size <= 8, size > 0, H5Tget_order(type) == H5T_ORDER_BE || H5Tget_order(type) == H5T_ORDER_LE else {
      return StoredType(element: .unsupported("\(size * 8)-bit integer"), order: order, size: size)
    }
    let element: ElementType =
      switch (size, signed) {
      case (1, true): .int8
      case (1, false): .uint8
      case (2, true): .int16
      case (2, false): .uint16
      case (3...4, true): .int32
      case (3...4, false): .uint32
      case (_, true): .int64
      case (_, false): .uint64
      }
    return StoredType(element: element, order: order, size: size, needsConversion: !isPlain)
  }

  private static func float(_ type: hid_t, _ size: Int, _ order: ByteOrder) -> StoredType {
    if H5Tequal(type, isotach_H5T_IEEE_F32LE()) > 0 || H5Tequal(type, isotach_H5T_IEEE_F32BE()) > 0 {
      return StoredType(element: .float32, order: order, size: 4)
    }
    if H5Tequal(type, isotach_H5T_IEEE_F64LE()) > 0 || H5Tequal(type, isotach_H5T_IEEE_F64BE()) > 0 {
      return StoredType(element: .float64, order: order, size: 8)
    }
    guard size <= 16 else {
      return StoredType(element: .unsupported("\(size * 8)-bit float"), order: order, size: size)
    }
    return StoredType(
      element: size <= 4 ? .float32 : .float64, order: order, size: size, needsConversion: true)
  }

  private static func string(_ type: hid_t, _ size: Int) -> StoredType {
    if H5Tis_variable_str(type) > 0 { return StoredType(element: .string, order: .little, size: size) }
    var stored = StoredType(
      element: size == 1 ? .char : .fixedString(size: size), order: .little, size: size)
    switch H5Tget_strpad(type) {
    case H5T_STR_NULLPAD: stored.stringPadding = .nulls
    case H5T_STR_SPACEPAD: stored.stringPadding = .spaces
    default: stored.stringPadding = .nullTerminated
    }
    return stored
  }

  private static func memberName(_ type: hid_t, _ index: UInt32) -> String? {
    guard let name = unsafe H5Tget_member_name(type, index) else { return nil }
    defer { unsafe H5free_memory(name) }
    return unsafe String(cString: name)
  }

  private static func enumeration(_ type: hid_t, _ size: Int, _ depth: Int) -> StoredType {
    let broken = StoredType(element: .unsupported("enumeration"), order: .little, size: size)
    guard let parent = HDF5Handle(H5Tget_super(type)) else { return broken }
    let base = describe(parent.id, depth: depth + 1)
    let count = Int(H5Tget_nmembers(type))
    guard base.element.isInteger, !base.needsConversion, (0...maximumMembers).contains(count) else {
      return broken
    }
    var members: [ElementType.EnumMember] = []
    var bytes = [UInt8](repeating: 0, count: max(8, size))
    for index in 0..<UInt32(count) {
      let status = unsafe bytes.withUnsafeMutableBytes {
        unsafe H5Tget_member_value(type, index, $0.baseAddress)
      }
      guard status >= 0, let name = memberName(type, index) else { return broken }
      let value = Numbers.integers(bytes[0..<size], base)
      members.append(.init(name: name, value: value.first ?? 0))
    }
    return StoredType(
      element: .enumeration(base: base.element, members: members), order: base.order, size: size)
  }

  private static func compound(_ type: hid_t, _ size: Int, _ depth: Int) -> StoredType {
    let count = Int(H5Tget_nmembers(type))
    guard (0...maximumMembers).contains(count) else {
      return StoredType(element: .unsupported("compound of \(count) fields"), order: .little, size: size)
    }
    var fields: [StoredType.Field] = []
    for index in 0..<UInt32(count) {
      guard let name = memberName(type, index), let member = HDF5Handle(H5Tget_member_type(type, index))
      else {
        return StoredType(element: .unsupported("compound"), order: .little, size: size)
      }
      let offset = Int(H5Tget_member_offset(type, index))
      var extents: [Int] = []
      var stored: StoredType
      if H5Tget_class(member.id) == H5T_ARRAY {
        let rank = Int(H5Tget_array_ndims(member.id))
        var dimensions = [hsize_t](repeating: 0, count: max(0, rank))
        guard rank >= 0, rank <= 32, unsafe H5Tget_array_dims2(member.id, &dimensions) >= 0,
          let base = HDF5Handle(H5Tget_super(member.id))
        else { return StoredType(element: .unsupported("compound"), order: .little, size: size) }
        extents = dimensions.map { Int(clamping: $0) }
        stored = describe(base.id, depth: depth + 1)
      } else {
        stored = describe(member.id, depth: depth + 1)
      }
      guard let bytes = checkedProduct(extents + [stored.size]), offset >= 0,
        offset <= size - min(size, bytes)
      else { return StoredType(element: .unsupported("compound"), order: .little, size: size) }
      fields.append(.init(name: name, offset: offset, type: stored, extents: extents))
    }
    return StoredType(
      element: .compound(
        name: "", size: size,
        fields: fields.map {
          .init(name: $0.name, offset: $0.offset, type: $0.type.element, extents: $0.extents)
        }), order: .little, size: size, fields: fields)
  }

  /// This machine's type for a number type; nil for everything else.
  static func native(_ element: ElementType) -> hid_t? {
    switch element {
    case .int8: isotach_H5T_NATIVE_INT8()
    case .uint8: isotach_H5T_NATIVE_UINT8()
    case .int16: isotach_H5T_NATIVE_INT16()
    case .uint16: isotach_H5T_NATIVE_UINT16()
    case .int32: isotach_H5T_NATIVE_INT32()
    case .uint32: isotach_H5T_NATIVE_UINT32()
    case .int64: isotach_H5T_NATIVE_INT64()
    case .uint64: isotach_H5T_NATIVE_UINT64()
    case .float32: isotach_H5T_NATIVE_FLOAT()
    case .float64: isotach_H5T_NATIVE_DOUBLE()
    default: nil
    }
  }
}

/// Numbers and texts out of bytes as they stand in a file.
enum Numbers {
  static func words<T: FixedWidthInteger>(_ bytes: some Collection<UInt8>, _ swaps: Bool, _: T.Type) -> [T] {
    let size = MemoryLayout<T>.size
    let bytes = Array(bytes)
    return (0..<(bytes.count / size)).map { index in
      let value = unsafe bytes.withUnsafeBytes {
        unsafe $0.loadUnaligned(fromByteOffset: index * size, as: T.self)
      }
      return swaps ? value.byteSwapped : value
    }
  }

  /// Integers of any type; uint64 beyond the range of Int64 wrap.
  static func integers(_ bytes: some Collection<UInt8>, _ type: StoredType) -> [Int64] {
    integers(bytes, type.element, swaps: type.swaps)
  }

  static func integers(_ bytes: some Collection<UInt8>, _ type: ElementType, swaps: Bool) -> [Int64] {
    switch type {
    case .int8: words(bytes, swaps, Int8.self).map(Int64.init)
    case .uint8, .char: words(bytes, swaps, UInt8.self).map(Int64.init)
    case .int16: words(bytes, swaps, Int16.self).map(Int64.init)
    case .uint16: words(bytes, swaps, UInt16.self).map(Int64.init)
    case .int32: words(bytes, swaps, Int32.self).map(Int64.init)
    case .uint32: words(bytes, swaps, UInt32.self).map(Int64.init)
    case .int64: words(bytes, swaps, Int64.self)
    case .uint64: words(bytes, swaps, UInt64.self).map(Int64.init(truncatingIfNeeded:))
    case .enumeration(let base, _): integers(bytes, base, swaps: swaps)
    default: []
    }
  }

  /// Numbers of any type as Double; nil when the type is none.
  static func doubles(_ bytes: some Collection<UInt8>, _ type: ElementType, swaps: Bool = false) -> [Double]?
  {
    switch type {
    case .float32: words(bytes, swaps, UInt32.self).map { Double(Float(bitPattern: $0)) }
    case .float64: words(bytes, swaps, UInt64.self).map(Double.init(bitPattern:))
    case .uint64: words(bytes, swaps, UInt64.self).map(Double.init)
    case .enumeration(let base, _): doubles(bytes, base, swaps: swaps)
    case _ where type.isInteger: integers(bytes, type, swaps: swaps).map(Double.init)
    default: nil
    }
  }

  static func attribute(_ bytes: [UInt8], _ type: ElementType, swaps: Bool) -> Attribute.Value? {
    switch type {
    case .int8: .int8(words(bytes, swaps, Int8.self))
    case .uint8: .uint8(words(bytes, swaps, UInt8.self))
    case .int16: .int16(words(bytes, swaps, Int16.self))
    case .uint16: .uint16(words(bytes, swaps, UInt16.self))
    case .int32: .int32(words(bytes, swaps, Int32.self))
    case .uint32: .uint32(words(bytes, swaps, UInt32.self))
    case .int64: .int64(words(bytes, swaps, Int64.self))
    case .uint64: .uint64(words(bytes, swaps, UInt64.self))
    case .float32: .float32(words(bytes, swaps, UInt32.self).map(Float.init(bitPattern:)))
    case .float64: .float64(words(bytes, swaps, UInt64.self).map(Double.init(bitPattern:)))
    case .enumeration(let base, _): attribute(bytes, base, swaps: swaps)
    default: nil
    }
  }

  /// The text of a string of fixed size.
  static func fixedText(_ bytes: ArraySlice<UInt8>, _ padding: StoredType.StringPadding) -> String {
    var bytes = bytes
    switch padding {
    case .nullTerminated: bytes = bytes.prefix { $0 != 0 }
    case .nulls: while bytes.last == 0 { bytes.removeLast() }
    case .spaces: while bytes.last == 0x20 || bytes.last == 0 { bytes.removeLast() }
    }
    return text(of: bytes)
  }
}
