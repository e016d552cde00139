/// The types of numbers that ONNX tensors have and that are read here, by their codes in files. In programs all of them are
/// float32; what is a whole number or a truth stays exactly that up to 2^24.
public enum ElementType: Int32, Sendable, Hashable, CaseIterable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  case bfloat16 = 16

  /// ONNX's own word: `float`, `int64`.
  public var name: String {
    switch self {
    case .float32: "float"
    case .float64: "double"
    default: "\(self)"
    }
  }

  /// Of one number in a file.
  public var bytes: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .float32, .int32, .uint32: 4
    case .int64, .float64, .uint64: 8
    }
  }

  public var isFloat: Bool {
    switch self {
    case .float32, .float64, .float16, .bfloat16: true
    default: false
    }
  }

  /// The whole numbers of the type; nil for numbers with a fraction and for truths.
  public var limits: ClosedRange<Double>? {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65_535
    case .int16: -32_768...32_767
    case .int32: -2_147_483_648...2_147_483_647
    case .uint32: 0...4_294_967_295
    case .int64: -0x1p63...0x1p63
    case .uint64: 0...0x1p64
    case .float16, .float32, .float64, .bfloat16, .bool: nil
    }
  }

  /// The names that ONNX gives the codes that are not read here.
  static func title(_ code: Int32) -> String {
    if let known = ElementType(rawValue: code) { return known.name }
    switch code {
    case 0: return "no type"
    case 8: return "string"
    case 14: return "complex64"
    case 15: return "complex128"
    case 17...20, 23, 24: return "an 8-bit or 4-bit float"
    case 21: return "uint4"
    case 22: return "int4"
    default: return "the unknown type \(code)"
    }
  }
}
