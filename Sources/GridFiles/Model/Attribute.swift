/// An attribute of a file, a group or a variable.
public struct Attribute: Sendable, Hashable {
  public let name: String
  public let value: Value

  /// The numbers keep the type they have in the file: `_FillValue` is compared on the packed value.
  public enum Value: Sendable, Hashable {
    case text(String)
    case strings([String])
    case int8([Int8]), uint8([UInt8]), int16([Int16]), uint16([UInt16]), int32([Int32]), uint32([UInt32])
    case int64([Int64]), uint64([UInt64]), float32([Float]), float64([Double])
    /// A value of a type that has no meaning here (compound, reference, ...): its description.
    case unsupported(String)
  }

  public init(_ name: String, _ value: Value) { (self.name, self.value) = (name, value) }
  public init(_ name: String, _ text: String) { (self.name, self.value) = (name, .text(text)) }

  /// The text of a text attribute, or of a string attribute with one element; trailing NULs removed.
  public var text: String? {
    switch value {
    case .text(let text): text
    case .strings(let strings) where strings.count == 1: strings[0]
    default: nil
    }
  }

  /// The numbers as Double, empty for text. int64 beyond 2^53 are rounded.
  public var numbers: [Double] {
    switch value {
    case .int8(let v): v.map(Double.init)
    case .uint8(let v): v.map(Double.init)
    case .int16(let v): v.map(Double.init)
    case .uint16(let v): v.map(Double.init)
    case .int32(let v): v.map(Double.init)
    case .uint32(let v): v.map(Double.init)
    case .int64(let v): v.map(Double.init)
    case .uint64(let v): v.map(Double.init)
    case .float32(let v): v.map(Double.init)
    case .float64(let v): v
    case .text, .strings, .unsupported: []
    }
  }

  /// The first number, if there is one.
  public var number: Double? { numbers.first }

  public var elementType: ElementType {
    switch value {
    case .text: .char
    case .strings: .string
    case .int8: .int8
    case .uint8: .uint8
    case .int16: .int16
    case .uint16: .uint16
    case .int32: .int32
    case .uint32: .uint32
    case .int64: .int64
    case .uint64: .uint64
    case .float32: .float32
    case .float64: .float64
    case .unsupported(let what): .unsupported(what)
    }
  }
}

extension Sequence where Element == Attribute {
  /// The attribute of that name.
  public subscript(_ name: String) -> Attribute? { first { $0.name == name } }
}
