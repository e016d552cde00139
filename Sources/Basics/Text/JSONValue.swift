/// JSON to be written: the keys keep their order, and numbers are those that JSON can say.
public indirect enum JSONValue: Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  /// A number as written, for types that Double would change.
  case literal(String)
  case string(String)
  case array([JSONValue])
  case object([(String, JSONValue)])

  package static func text(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

  /// JSON has no NaN and no infinity: they are the strings "NaN", "Infinity" and "-Infinity".
  package static func real(_ value: Double) -> JSONValue {
    value.isFinite ? .number(value) : .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
  }

  package static func real(_ value: Float) -> JSONValue {
    value.isFinite ? .literal("\(value)") : .real(Double(value))
  }

  package static func real(_ value: Double?) -> JSONValue { value.map { .real($0) } ?? .null }

  /// The text, on one line.
  public var text: String {
    var text = ""
    writeLine(to: &text)
    return text
  }

  /// The text, indented, with a newline at its end. What fits on a line stays on it.
  package var document: String {
    var text = ""
    write(to: &text, indent: 0)
    return text + "\n"
  }

  private func write(to text: inout String, indent: Int) {
    switch self {
    case .array(let elements) where !isShort:
      text += "[\n"
      for (index, element) in elements.enumerated() {
        text += String(repeating: " ", count: indent + 2)
        element.write(to: &text, indent: indent + 2)
        text += index + 1 < elements.count ? ",\n" : "\n"
      }
      text += String(repeating: " ", count: indent) + "]"
    case .object(let entries) where !isShort:
      text += "{\n"
      for (index, entry) in entries.enumerated() {
        text += String(repeating: " ", count: indent + 2)
        Self.write(entry.0, to: &text)
        text += ": "
        entry.1.write(to: &text, indent: indent + 2)
        text += index + 1 < entries.count ? ",\n" : "\n"
      }
      text += String(repeating: " ", count: indent) + "}"
    default: writeLine(to: &text)
    }
  }

  private var isShort: Bool { width(limit: 90) <= 90 }

  private func width(limit: Int) -> Int {
    switch self {
    case .null, .boolean, .integer, .number: return 6
    case .literal(let text), .string(let text): return text.utf8.count + 2
    case .array(let elements):
      var sum = 2
      for element in elements where sum <= limit { sum += element.width(limit: limit - sum) + 2 }
      return sum
    case .object(let entries):
      var sum = 2
      for entry in entries where sum <= limit {
        sum += entry.0.utf8.count + 4 + entry.1.width(limit: limit - sum)
      }
      return sum
    }
  }

  private func writeLine(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .integer(let value): text += "\(value)"
    case .number(let value): text += value.isFinite ? "\(value)" : "null"
    case .literal(let literal): text += literal
    case .string(let string): Self.write(string, to: &text)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += ", " }
        element.writeLine(to: &text)
      }
      text += "]"
    case .object(let entries):
      text += "{"
      for (index, entry) in entries.enumerated() {
        if index > 0 { text += ", " }
        Self.write(entry.0, to: &text)
        text += ": "
        entry.1.writeLine(to: &text)
      }
      text += "}"
    }
  }

  /// What a terminal could take as an order is escaped, although JSON asks for it only below 0x20.
  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case "\r": text += "\\r"
      default:
        if isPrintable(scalar) {
          text.unicodeScalars.append(scalar)
        } else {
          for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
          }
        }
      }
    }
    text += "\""
  }
}
