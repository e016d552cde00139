import Basics
import Networks

/// Looks through the bytes of an ONNX file before they are decoded: every length lies within what is left, messages are not
/// nested too deep nor too many. Decoding then takes memory in proportion to the file.
struct WireCheck {
  /// A kind of message: which of its fields are messages again.
  enum Message {
    case model, graph, node, attribute, tensor, valueInfo, type, tensorType, shape, function, leaf

    func field(_ number: UInt64) -> Message? {
      switch (self, number) {
      case (.model, 7), (.attribute, 6), (.attribute, 11): .graph
      case (.model, 25): .function
      case (.graph, 1), (.function, 7): .node
      case (.node, 5), (.function, 11): .attribute
      case (.graph, 5), (.attribute, 5), (.attribute, 10): .tensor
      case (.graph, 11...13), (.function, 12): .valueInfo
      case (.valueInfo, 2), (.attribute, 14), (.attribute, 15): .type
      case (.type, 1): .tensorType
      case (.tensorType, 2): .shape
      case (.model, 8), (.model, 14), (.graph, 16), (.node, 9), (.tensor, 3), (.tensor, 13), (.tensor, 16),
        (.valueInfo, 4), (.shape, 1), (.function, 9), (.function, 14):
        .leaf
      default: nil
      }
    }
  }

  /// Messages in a file, of all kinds.
  static let mostMessages = 200_000
  /// Texts and lists: names of inputs, dimensions that are not packed.
  static let mostFields = 4_000_000
  static let deepest = 32

  private var bytes: WireBytes
  private var messages = 0
  private var fields = 0

  private init(_ bytes: WireBytes) { self.bytes = bytes }

  /// - Throws: `ModelError` of the kind `damaged` with the place of the first fault.
  static func check(_ bytes: WireBytes, as message: Message) throws(ModelError) {
    var check = WireCheck(bytes)
    try check.walk(message, 0..<bytes.count, depth: 0)
  }

  private mutating func walk(_ message: Message, _ range: Range<Int>, depth: Int) throws(ModelError) {
    messages += 1
    guard messages <= Self.mostMessages else {
      throw bytes.fault(range.lowerBound, "there are too many parts", "at most \(Self.mostMessages)")
    }
    guard depth <= Self.deepest else {
      throw bytes.fault(range.lowerBound, "parts are nested too deep", "at most \(Self.deepest) levels")
    }
    var at = range.lowerBound
    while at < range.upperBound {
      fields += 1
      guard fields <= Self.mostFields else {
        throw bytes.fault(at, "there are too many fields", "at most \(Self.mostFields)")
      }
      let start = at
      let key = try bytes.varint(&at, range.upperBound)
      let left: Int
      switch key & 7 {
      case 0:
        _ = try bytes.varint(&at, range.upperBound)
        continue
      case 1: left = 8
      case 5: left = 4
      case 2:
        let length = try bytes.varint(&at, range.upperBound)
        guard length <= UInt64(range.upperBound - at) else {
          throw bytes.fault(
            start, "a part is longer than what is left", "at most \(range.upperBound - at) bytes", "\(length)"
          )
        }
        left = Int(length)
        if let inner = message.field(key >> 3) { try walk(inner, at..<at + left, depth: depth + 1) }
      default: throw bytes.fault(start, "there is no field", nil, "the wire type \(key & 7)")
      }
      guard key >> 3 > 0 else { throw bytes.fault(start, "a field has the number 0") }
      guard left <= range.upperBound - at else { throw bytes.fault(start, "a number is cut off") }
      at += left
    }
  }
}
