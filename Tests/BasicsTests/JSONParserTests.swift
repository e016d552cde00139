import Basics
import Testing

@Suite struct JSONParserTests {
  @Test func whatIsWrittenIsRead() throws {
    let value = JSONValue.object([
      ("text", .string("ä \"q\" \\ \n \u{1} 😀 \u{202E}")),
      ("list", .array([.integer(1), .number(0.1), .null])),
      ("empty", .object([])), ("none", .array([])), ("yes", .boolean(true)), ("smallest", .integer(.min)),
      ("tiny", .number(.leastNonzeroMagnitude)), ("largest", .number(1.7976931348623157e308)),
    ])
    #expect(try JSONValue.parse(value.text).text == value.text)
    #expect(try JSONValue.parse(value.document).document == value.document)
    #expect(try JSONValue.parse(value.text)["text"]?.string == value["text"]?.string)
  }

  @Test func numbers() throws {
    let value = try JSONValue.parse(
      "[9223372036854775807, 9223372036854775808, -0, 2.0, 1e2, 1E-2, -1.5e+3, \"NaN\"]")
    let list = try #require(value.array)
    #expect(list[0].integer == .max)
    #expect(list[1].integer == nil && list[1].number == 9_223_372_036_854_775_808)
    #expect(list[2].number?.sign == .minus)
    #expect(
      list[3].integer == 2 && list[4].integer == 100 && list[5].number == 0.01 && list[6].number == -1500)
    #expect(list[7].number?.isNaN == true)
  }

  @Test func escapes() throws {
    #expect(try JSONValue.parse(#""\u00e4\ud83d\ude00\/\b\f""#).string == "ä😀/\u{8}\u{c}")
  }

  /// Each with the byte at which it goes wrong.
  @Test(arguments: [
    ("", 0), ("  ", 2), ("{", 1), ("[1,]", 3), ("[1 2]", 3), (#"{"a":1,}"#, 7), (#"{"a" 1}"#, 5),
    (#"{a:1}"#, 1),
    (#"{"a":1,"a":2}"#, 7), ("01", 0), ("1.", 2), ("-", 1), ("+1", 0), (".5", 0), ("1e", 2), ("1e999", 0),
    ("nul", 0), ("True", 0), ("NaN", 0), (#""abc"#, 4), (#""\x""#, 1), (#""\ud800""#, 1),
    (#""\ud800\u0041""#, 1),
    (#""\udc00""#, 1), (#""\u12g4""#, 5), ("\"a\nb\"", 2), ("1 1", 2), ("\u{FEFF}1", 0), ("// x\n1", 0),
    ("'a'", 0),
  ])
  func wrong(_ text: String, _ offset: Int) {
    let error = #expect(throws: JSONError.self) { try JSONValue.parse(text) }
    #expect(error?.offset == offset, "\(text): \(String(describing: error))")
  }

  @Test func notUTF8() {
    #expect(throws: JSONError.self) { try JSONValue.parse([0x22, 0xFF, 0x22]) }
    #expect(throws: JSONError.self) { try JSONValue.parse([0x22, 0xC0, 0x80, 0x22]) }
  }

  @Test func limits() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError("nested deeper than 64", at: 64)) { try JSONValue.parse(deep) }
    #expect(throws: JSONError.self) { try JSONValue.parse("[1,2,3]", limits: JSONLimits(values: 3)) }
    #expect(throws: JSONError.self) { try JSONValue.parse("[1,2,3]", limits: JSONLimits(bytes: 6)) }
  }

  /// No prefix and no changed byte of a good text may trap.
  @Test func damage() {
    let text = Array(#"{"a": [1, -2.5e3, "x\u00e4\ud83d\ude00"], "b": {"c": null, "d": true}}"#.utf8)
    var refused = 0
    for count in 0..<text.count where (try? JSONValue.parse(Array(text.prefix(count)))) == nil {
      refused += 1
    }
    #expect(refused == text.count)
    for index in text.indices {
      for byte: UInt8 in [0, 0x22, 0x5C, 0x7B, 0x7D, 0x2C, 0xFF] {
        var damaged = text
        damaged[index] = byte
        _ = try? JSONValue.parse(damaged)
      }
    }
  }
}
