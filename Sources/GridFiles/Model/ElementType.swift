/// The type of one element of a variable or attribute, as the file stores it.
public indirect enum ElementType: Sendable, Hashable {
  case int8, uint8, int16, uint16, int32, uint32, int64, uint64, float32, float64
  /// A byte of text (`NC_CHAR`; in HDF5 a string of fixed size has `char` elements and one more dimension
  /// when netCDF sees it so, or `fixedString` when it does not).
  case char
  case fixedString(size: Int)
  /// A string of any length (`NC_STRING`).
  case string
  case enumeration(base: ElementType, members: [EnumMember])
  case compound(name: String, size: Int, fields: [CompoundField])
  case variableLength(ElementType)
  case opaque(size: Int)
  /// Anything else (object and region references, bit fields, ...), named as HDF5 names the class.
  case unsupported(String)

  public struct EnumMember: Sendable, Hashable {
    public let name: String
    public let value: Int64
    public init(name: String, value: Int64) { (self.name, self.value) = (name, value) }
  }

  public struct CompoundField: Sendable, Hashable {
    public let name: String
    public let offset: Int
    public let type: ElementType
    public let extents: [Int]
    public init(name: String, offset: Int, type: ElementType, extents: [Int]) {
      (self.name, self.offset, self.type, self.extents) = (name, offset, type, extents)
    }
  }

  /// Bytes of one number or character; nil for what has no fixed size in memory.
  public var size: Int? {
    switch self {
    case .int8, .uint8, .char: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    case .fixedString(let size), .opaque(let size): size
    case .compound(_, let size, _): size
    case .enumeration(let base, _): base.size
    case .string, .variableLength, .unsupported: nil
    }
  }

  /// True for the ten number types.
  public var isNumeric: Bool {
    switch self {
    case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .float32, .float64: true
    default: false
    }
  }

  public var isInteger: Bool { isNumeric && self != .float32 && self != .float64 }

  /// The name that `ncdump` gives the type.
  public var name: String {
    switch self {
    case .int8: "byte"
    case .uint8: "ubyte"
    case .int16: "short"
    case .uint16: "ushort"
    case .int32: "int"
    case .uint32: "uint"
    case .int64: "int64"
    case .uint64: "uint64"
    case .float32: "float"
    case .float64: "double"
    case .char: "char"
    case .fixedString(let size): "char(\(size))"
    case .string: "string"
    case .enumeration(let base, _): "\(base.name) enum"
    case .compound(let name, _, _): "compound \(name)"
    case .variableLength(let element): "\(element.name)(*)"
    case .opaque(let size): "opaque(\(size))"
    case .unsupported(let what): what
    }
  }
}

public enum ByteOrder: Sendable, Hashable { case little, big }
