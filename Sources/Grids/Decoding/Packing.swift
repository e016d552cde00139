import GridFiles

/// The packing of a variable as its attributes say it, and what was odd about them.
public struct Packing: Sendable {
  public let decoding: GridFiles.Decoding
  /// Attributes that were passed over, with the reason: (attribute, text).
  public let remarks: [(attribute: String, text: String)]

  /// Reads `_Unsigned`, `_FillValue`, `missing_value`, `valid_min`, `valid_max`, `valid_range`, `scale_factor` and
  /// `add_offset` (CF 2.5.1, 8.1). Where a netCDF file gives no `_FillValue`, the library's default counts as
  /// missing, except for bytes.
  ///
  /// - Parameter usesDefaultFill: false for files that the netCDF library did not write.
  /// - Throws: `GridError` when scale or offset is no usable number.
  public init(_ type: ElementType, _ attributes: [Attribute], usesDefaultFill: Bool) throws(GridError) {
    var reader = PackingReader(type: type, attributes: attributes)
    decoding = try reader.read(usesDefaultFill: usesDefaultFill)
    remarks = reader.remarks
  }
}

private struct PackingReader {
  let type: ElementType
  let attributes: [Attribute]
  var remarks: [(attribute: String, text: String)] = []
  var isUnsigned = false

  mutating func read(usesDefaultFill: Bool) throws(GridError) -> GridFiles.Decoding {
    var decoding = GridFiles.Decoding()
    try readSign()
    decoding.isUnsigned = isUnsigned
    decoding.scale = try number("scale_factor") ?? 1
    decoding.offset = try number("add_offset") ?? 0
    guard decoding.scale != 0 else {
      throw GridError(
        "`scale_factor` is 0", subject: "scale_factor", remedy: "correct it under `attributes:`")
    }
    decoding.missing = packed("_FillValue", single: true) + packed("missing_value", single: false)
    if attributes["_FillValue"] == nil, usesDefaultFill, let fill = defaultFill {
      decoding.missing.append(fill)
    }
    readRange(&decoding)
    // Each once, in order: equal packings compare equal.
    var seen = Set<Double>()
    decoding.missing = decoding.missing.filter { seen.insert($0).inserted }
    return decoding
  }

  private mutating func readSign() throws(GridError) {
    guard let text = attributes["_Unsigned"]?.text?.lowercased() else { return }
    switch (text, type) {
    case ("true", .int8), ("true", .int16), ("true", .int32), ("true", .int64): isUnsigned = true
    case ("false", .uint8), ("false", .uint16), ("false", .uint32), ("false", .uint64):
      throw GridError(
        "unsigned numbers that `_Unsigned = \"false\"` declares signed are not read", subject: "_Unsigned")
    default: break
    }
  }

  /// A scale or an offset.
  private func number(_ name: String) throws(GridError) -> Double? {
    guard let attribute = attributes[name] else { return nil }
    guard attribute.numbers.count == 1, let value = attribute.number, value.isFinite else {
      throw GridError(
        "`\(name)` is not one finite number", subject: name, remedy: "correct it under `attributes:`")
    }
    return value
  }

  /// Values of an attribute as packed numbers: in the variable's own type, unsigned where that is declared.
  private mutating func packed(_ name: String, single: Bool) -> [Double] {
    guard let attribute = attributes[name] else { return [] }
    var numbers = attribute.numbers
    if numbers.isEmpty, let text = attribute.text, let value = Double(text.trimmed) {
      remarks.append((name, "`\(name)` is text; taken as the number \(value)"))
      numbers = [value]
    }
    if numbers.isEmpty {
      remarks.append((name, "`\(name)` is no number and is passed over"))
      return []
    }
    return numbers.compactMap { value in
      if value.isNaN { return nil }
      guard let stored = stored(value) else {
        remarks.append((name, "`\(name)` = \(value) does not fit the type \(type.name) and is passed over"))
        return nil
      }
      return stored
    }
  }

  /// The number in the variable's type; nil when the type cannot hold it.
  private func stored(_ value: Double) -> Double? {
    switch type {
    case .float32: return Double(Float(value))
    case .float64: return value
    default: break
    }
    guard value.rounded() == value, let size = type.size else { return nil }
    let span = Double(sign: .plus, exponent: size * 8, significand: 1)
    let isSigned: Bool
    switch type {
    case .int8, .int16, .int32, .int64: isSigned = true
    default: isSigned = false
    }
    if isSigned, value >= -span / 2, value < span / 2 {
      return isUnsigned && value < 0 ? value + span : value
    }
    if !isSigned || isUnsigned, value >= 0, value < span { return value }
    return nil
  }

  private mutating func readRange(_ decoding: inout GridFiles.Decoding) {
    var low = bound("valid_min", 0)
    var high = bound("valid_max", 0)
    if let range = attributes["valid_range"] {
      if range.numbers.count == 2 {
        (low, high) = (bound("valid_range", 0), bound("valid_range", 1))
      } else {
        remarks.append(("valid_range", "`valid_range` is not two numbers and is passed over"))
      }
    }
    if let low, let high, low > high {
      remarks.append(("valid_range", "the valid range is empty and is passed over"))
      return
    }
    (decoding.validMinimum, decoding.validMaximum) = (low, high)
  }

  private mutating func bound(_ name: String, _ index: Int) -> Double? {
    guard let attribute = attributes[name] else { return nil }
    let numbers = attribute.numbers
    guard numbers.indices.contains(index), numbers[index].isFinite else {
      if !numbers.indices.contains(index) {
        remarks.append((name, "`\(name)` is no number and is passed over"))
      }
      return nil
    }
    guard let stored = stored(numbers[index]) else {
      remarks.append(
        (name, "`\(name)` = \(numbers[index]) does not fit the type \(type.name) and is passed over"))
      return nil
    }
    return stored
  }

  /// `NC_FILL_*` of netCDF as Double; none for bytes, of which every value may be meant.
  private var defaultFill: Double? {
    switch type {
    case .int16: isUnsigned ? 32769 : -32767
    case .uint16: 65535
    case .int32: isUnsigned ? 2_147_483_649 : -2_147_483_647
    case .uint32: 4_294_967_295
    case .int64: isUnsigned ? nil : -0x1p63
    case .uint64: 0x1p64
    case .float32, .float64: 9.969209968386869e36
    default: nil
    }
  }
}

extension GridFiles.Decoding {
  /// The value of one packed number; NaN when it is missing.
  public func value(_ packed: Double, bits: Int = 64) -> Double {
    var packed = packed
    if isUnsigned, packed < 0 { packed += Double(sign: .plus, exponent: bits, significand: 1) }
    if packed.isNaN || missing.contains(packed) { return .nan }
    if let validMinimum, packed < validMinimum { return .nan }
    if let validMaximum, packed > validMaximum { return .nan }
    return scale == 1 && offset == 0 ? packed : packed * scale + offset
  }

  /// The packed number of a value, rounded to an integer where the type demands it: what `value` gives back.
  public func packed(_ value: Double, isInteger: Bool) -> Double {
    if value.isNaN { return missing.first ?? .nan }
    let packed = (value - offset) / scale
    return isInteger ? packed.rounded() : packed
  }
}
