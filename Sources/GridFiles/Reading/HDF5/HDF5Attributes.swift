import Basics
import CHDF5

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@IOLane enum HDF5Attributes {
  static let maximumBytes = 64 << 20
  static let maximumCount = 100_000

  /// One attribute; nil when there is none of that name.
  /// - Throws: a text that says what HDF5 finds wrong with it.
  static func read(_ object: hid_t, _ name: String) throws(HDF5Fault) -> Attribute? {
    let exists = unsafe H5Aexists(object, name)
    if exists == 0 { return nil }
    guard exists > 0, let attribute = HDF5Handle(unsafe H5Aopen(object, name, isotach_H5P_DEFAULT())) else {
      throw HDF5Fault("attribute \(name) cannot be opened: \(HDF5Library.cause())")
    }
    return Attribute(name, try value(attribute.id, name))
  }

  private static func value(_ attribute: hid_t, _ name: String) throws(HDF5Fault) -> Attribute.Value {
    guard let type = HDF5Handle(H5Aget_type(attribute)), let space = HDF5Handle(H5Aget_space(attribute))
    else {
      throw HDF5Fault("attribute \(name) cannot be read: \(HDF5Library.cause())")
    }
    // An array type of one attribute element is read as so many elements.
    if H5Tget_class(type.id) == H5T_ARRAY {
      guard let base = HDF5Handle(H5Tget_super(type.id)) else { return .unsupported("array") }
      let element = HDF5Types.describe(base.id)
      guard element.size > 0, !element.hasPointers, !element.needsConversion,
        let bytes = try bytes(attribute, type.id, space.id, Int(H5Tget_size(type.id)), name)
      else { return .unsupported("array") }
      return Numbers.attribute(bytes, element.element, swaps: element.swaps) ?? .unsupported("array")
    }
    let stored = HDF5Types.describe(type.id)
    let isScalar = H5Sget_simple_extent_type(space.id) != H5S_SIMPLE
    switch stored.element {
    case .unsupported(let what): return .unsupported(what)
    case .compound, .variableLength, .opaque: return .unsupported(stored.element.name)
    case .string: return .strings(try strings(attribute, type.id, space.id, name))
    case .char, .fixedString:
      guard let bytes = try bytes(attribute, type.id, space.id, stored.size, name) else { return .text("") }
      guard stored.size > 0, bytes.count > stored.size else {
        return .text(Numbers.fixedText(bytes[...], stored.stringPadding))
      }
      // netCDF-C before 4.1.? wrote text as an array of single characters.
      if stored.element == .char, !isScalar { return .text(attributeText(bytes)) }
      return .strings(
        stride(from: 0, to: bytes.count, by: stored.size).map {
          Numbers.fixedText(bytes[$0..<($0 + stored.size)], stored.stringPadding)
        })
    default:
      if stored.needsConversion {
        guard let native = HDF5Types.native(stored.element), let size = stored.element.size else {
          return .unsupported(stored.element.name)
        }
        let bytes = try bytes(attribute, native, space.id, size, name) ?? []
        return Numbers.attribute(bytes, stored.element, swaps: false) ?? .unsupported(stored.element.name)
      }
      let bytes = try bytes(attribute, type.id, space.id, stored.size, name) ?? []
      return Numbers.attribute(bytes, stored.element, swaps: stored.swaps)
        ?? .unsupported(stored.element.name)
    }
  }

  private static func count(_ space: hid_t, _ size: Int, _ name: String) throws(HDF5Fault) -> Int {
    if H5Sget_simple_extent_type(space) == H5S_NULL { return 0 }
    guard let count = Int(exactly: H5Sget_simple_extent_npoints(space)), count >= 0,
      let bytes = checkedProduct([count, size])
    else { throw HDF5Fault("attribute \(name) has no size: \(HDF5Library.cause())") }
    guard bytes <= maximumBytes else {
      throw HDF5Fault("attribute \(name) has \(bytes) bytes, at most \(maximumBytes) are read")
    }
    return count
  }

  private static func bytes(
    _ attribute: hid_t, _ type: hid_t, _ space: hid_t, _ size: Int, _ name: String
  ) throws(HDF5Fault) -> [UInt8]? {
    let count = try count(space, size, name)
    guard count > 0, size > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: count * size)
    let status = unsafe bytes.withUnsafeMutableBytes { unsafe H5Aread(attribute, type, $0.baseAddress) }
    guard status >= 0 else { throw HDF5Fault("attribute \(name) cannot be read: \(HDF5Library.cause())") }
    return bytes
  }

  private static func strings(
    _ attribute: hid_t, _ type: hid_t, _ space: hid_t, _ name: String
  ) throws(HDF5Fault) -> [String] {
    let count = try count(space, MemoryLayout<UnsafeMutablePointer<CChar>?>.size, name)
    guard count > 0 else { return [] }
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    guard unsafe H5Aread(attribute, type, &pointers) >= 0 else {
      throw HDF5Fault("attribute \(name) cannot be read: \(HDF5Library.cause())")
    }
    defer { unsafe H5Dvlen_reclaim(type, space, isotach_H5P_DEFAULT(), &pointers) }
    return unsafe pointers.map { pointer in unsafe pointer.map { unsafe cText($0) } ?? "" }
  }

  /// The object addresses of `DIMENSION_LIST`: for each dimension, of its first scale.
  static func dimensionList(_ dataset: hid_t, rank: Int) throws(HDF5Fault) -> [haddr_t?]? {
    guard unsafe H5Aexists(dataset, "DIMENSION_LIST") > 0 else { return nil }
    guard
      let attribute = HDF5Handle(unsafe H5Aopen(dataset, "DIMENSION_LIST", isotach_H5P_DEFAULT())),
      let type = HDF5Handle(H5Aget_type(attribute.id)), let space = HDF5Handle(H5Aget_space(attribute.id))
    else { throw HDF5Fault("DIMENSION_LIST cannot be opened: \(HDF5Library.cause())") }
    guard H5Tget_class(type.id) == H5T_VLEN, let base = HDF5Handle(H5Tget_super(type.id)),
      H5Tequal(base.id, isotach_H5T_STD_REF_OBJ()) > 0,
      Int(H5Sget_simple_extent_npoints(space.id)) == rank, rank > 0
    else { return nil }
    var lists = unsafe [hvl_t](repeating: hvl_t(len: 0, p: nil), count: rank)
    guard unsafe H5Aread(attribute.id, type.id, &lists) >= 0 else {
      throw HDF5Fault("DIMENSION_LIST cannot be read: \(HDF5Library.cause())")
    }
    defer { unsafe H5Dvlen_reclaim(type.id, space.id, isotach_H5P_DEFAULT(), &lists) }
    // An object reference of HDF5 1.10 is the address of the object's header.
    return unsafe lists.map { list in
      guard list.len > 0, let memory = unsafe list.p else { return nil }
      return unsafe memory.loadUnaligned(as: haddr_t.self)
    }
  }
}

/// What HDF5 finds wrong, before it is known of which file and variable.
struct HDF5Fault: Error {
  let cause: String
  var kind = FileError.Kind.damaged
  init(_ cause: String, _ kind: FileError.Kind = .damaged) { (self.cause, self.kind) = (cause, kind) }
}

/// The text of a C string.
func cText(_ pointer: UnsafePointer<CChar>) -> String {
  let count = unsafe strlen(pointer)
  return unsafe text(
    of: UnsafeRawBufferPointer(start: pointer, count: count))
}
