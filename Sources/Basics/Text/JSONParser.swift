/// Why a text is not the JSON that was expected, and at which byte.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The byte, from 0, at which reading stopped.
  public let offset: Int
  public let cause: String

  public init(_ cause: String, at offset: Int) { (self.cause, self.offset) = (cause, offset) }
  public var description: String { "\(cause) at byte \(offset)" }
}

/// What a JSON text may be; anything above is refused before memory is taken for it.
public struct JSONLimits: Sendable {
  public var bytes: Int
  /// Nested arrays and objects.
  public var depth: Int
  /// Values of every kind, keys not counted.
  public var values: Int

  public init(bytes: Int = 64 << 20, depth: Int = 64, values: Int = 4_000_000) {
    (self.bytes, self.depth, self.values) = (bytes, depth, values)
  }
}

extension JSONValue {
  /// Reads one JSON text (RFC 8259), strictly: UTF-8 without byte order mark, no comments, no trailing commas,
  /// no NaN, no key twice in an object, nothing but white space after the value. Numbers without fraction and
  /// exponent that fit are `.integer`, all others `.number`, the nearest double.
  /// - Throws: `JSONError` with the place, also when a limit is passed.
  public static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue
  {
    guard bytes.count <= limits.bytes else {
      throw JSONError("\(bytes.count) bytes of JSON are more than the \(limits.bytes) allowed", at: 0)
    }
    var parser = JSONParser(bytes: bytes, limits: limits)
    return try parser.document()
  }

  public static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8), limits: limits)
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  let limits: JSONLimits
  var place = 0
  var values = 0

  init(bytes: [UInt8], limits: JSONLimits) { (self.bytes, self.limits) = (bytes, limits) }

  mutating func document() throws(JSONError) -> JSONValue {
    skipSpace()
    let value = try value(depth: 0)
    skipSpace()
    guard place == bytes.count else { throw JSONError("something follows the value", at: place) }
    return value
  }

  private var byte: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func skipSpace() {
    while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    values += 1
    guard values <= limits.values else { throw JSONError("more than \(limits.values) values", at: place) }
    guard let byte else { throw JSONError("the text ends where a value is expected", at: place) }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw JSONError("a value is expected", at: place)
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let expected = Array("\(word)".utf8)
    guard bytes.count - place >= expected.count, bytes[place..<place + expected.count].elementsEqual(expected)
    else { throw JSONError("a value is expected", at: place) }
    place += expected.count
    return value
  }

  private func checkDepth(_ depth: Int) throws(JSONError) {
    guard depth <= limits.depth else { throw JSONError("nested deeper than \(limits.depth)", at: place) }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    try checkDepth(depth)
    place += 1
    skipSpace()
    var elements: [JSONValue] = []
    if byte == UInt8(ascii: "]") {
      place += 1
      return .array([])
    }
    while true {
      skipSpace()
      elements.append(try value(depth: depth))
      skipSpace()
      switch byte {
      case UInt8(ascii: ","): place += 1
      case UInt8(ascii: "]"):
        place += 1
        return .array(elements)
      default: throw JSONError("',' or ']' is expected", at: place)
      }
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    try checkDepth(depth)
    place += 1
    skipSpace()
    var entries: [(String, JSONValue)] = []
    var keys: Set<[UInt8]> = []
    if byte == UInt8(ascii: "}") {
      place += 1
      return .object([])
    }
    while true {
      skipSpace()
      let start = place
      guard byte == UInt8(ascii: "\"") else { throw JSONError("a key in quotes is expected", at: place) }
      let key = try string()
      // By bytes: String's == takes different spellings of the same character for one.
      guard keys.insert(Array(key.utf8)).inserted else {
        throw JSONError("the key \"\(printable(key, limit: 60))\" stands here a second time", at: start)
      }
      skipSpace()
      guard byte == UInt8(ascii: ":") else { throw JSONError("':' is expected", at: place) }
      place += 1
      skipSpace()
      entries.append((key, try value(depth: depth)))
      skipSpace()
      switch byte {
      case UInt8(ascii: ","): place += 1
      case UInt8(ascii: "}"):
        place += 1
        return .object(entries)
      default: throw JSONError("',' or '}' is expected", at: place)
      }
    }
  }

  private func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = place
    if byte == UInt8(ascii: "-") { place += 1 }
    guard isDigit(byte) else { throw JSONError("a digit is expected", at: place) }
    if byte == UInt8(ascii: "0") {
      place += 1
      guard !isDigit(byte) else { throw JSONError("a number cannot begin with 0", at: start) }
    } else {
      while isDigit(byte) { place += 1 }
    }
    var isInteger = true
    if byte == UInt8(ascii: ".") {
      isInteger = false
      place += 1
      guard isDigit(byte) else { throw JSONError("a digit is expected", at: place) }
      while isDigit(byte) { place += 1 }
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      isInteger = false
      place += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { place += 1 }
      guard isDigit(byte) else { throw JSONError("a digit is expected", at: place) }
      while isDigit(byte) { place += 1 }
    }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    // -0 is a double: no integer says it.
    if isInteger, text != "-0", let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw JSONError("the number is beyond the range of a double", at: start)
    }
    return .number(value)
  }

  private mutating func string() throws(JSONError) -> String {
    let start = place
    place += 1
    var content: [UInt8] = []
    while true {
      guard let byte else { throw JSONError("the string that begins at \(start) does not end", at: place) }
      switch byte {
      case UInt8(ascii: "\""):
        place += 1
        guard let text = String(validating: content, as: UTF8.self) else {
          throw JSONError("the string is not UTF-8", at: start)
        }
        return text
      case UInt8(ascii: "\\"):
        place += 1
        try escape(&content)
      case 0..<0x20: throw JSONError("a control character stands in a string", at: place)
      default:
        content.append(byte)
        place += 1
      }
    }
  }

  private mutating func escape(_ content: inout [UInt8]) throws(JSONError) {
    let start = place - 1
    guard let byte else { throw JSONError("the text ends in a string", at: place) }
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      var code = try unit()
      if (0xD800..<0xDC00).contains(code) {
        guard bytes.count - place >= 2, bytes[place] == UInt8(ascii: "\\"),
          bytes[place + 1] == UInt8(ascii: "u")
        else { throw JSONError("half a surrogate pair", at: start) }
        place += 2
        let low = try unit()
        guard (0xDC00..<0xE000).contains(low) else { throw JSONError("half a surrogate pair", at: start) }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw JSONError("half a surrogate pair", at: start) }
      content.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw JSONError("no such escape", at: start)
    }
  }

  /// Four hexadecimal digits.
  private mutating func unit() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw JSONError("four hexadecimal digits are expected", at: place)
      }
      code = code << 4 | UInt32(digit)
      place += 1
    }
    return code
  }
}
