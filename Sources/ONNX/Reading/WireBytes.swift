import Networks

/// The bytes of a file of protobuf: all in memory, or a window of an open file that follows where it is looked at.
struct WireBytes {
  /// Bytes of the window.
  private static let windowBytes = 1 << 14

  let count: Int
  private let path: String
  private let descriptor: CInt?
  private var window: [UInt8]
  private var start = 0

  init(_ bytes: [UInt8], path: String) {
    (count, self.path, descriptor, window) = (bytes.count, path, nil, bytes)
  }

  init(_ descriptor: CInt, count: Int, path: String) {
    (self.count, self.path, self.descriptor, window) = (count, path, descriptor, [])
  }

  private mutating func byte(_ at: Int) throws(ModelError) -> UInt8 {
    if at < start || at - start >= window.count {
      guard let descriptor, at >= 0, at < count else { throw fault(at, "there is nothing") }
      window = try OnnxFile.read(descriptor, path, at..<min(count, at + Self.windowBytes))
      start = at
    }
    return window[at - start]
  }

  /// The number at a place, which moves behind it.
  mutating func varint(_ at: inout Int, _ end: Int) throws(ModelError) -> UInt64 {
    let start = at
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard at < end else { throw fault(start, "a number is cut off") }
      let byte = try byte(at)
      at += 1
      value |= shift < 64 ? UInt64(byte & 0x7F) << shift : 0
      if byte < 0x80 { return value }
    }
    throw fault(start, "a number has more than ten bytes")
  }

  func fault(_ at: Int, _ cause: String, _ expected: String? = nil, _ found: String? = nil) -> ModelError {
    ModelError(
      .damaged, path: path, "at byte \(at) \(cause)", expected: expected, found: found,
      remedy: "an ONNX file is expected; if it is one, it is damaged")
  }
}
