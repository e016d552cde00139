import Networks

#if canImport(Glibc)
  import Glibc
#endif

/// A model of which the large numbers stay in the file until they are read to where they are wanted: neither the file nor
/// its message is ever in memory as a whole.
struct LeanModel {
  let proto: Onnx_ModelProto
  /// Where the bytes (`raw_data`) of an initialiser are that the message lacks, by its number.
  let stored: [Int: StoredBytes]

  /// Initialisers below so many bytes are in the message.
  static let leastBytes = 1 << 16

  init(_ path: String) throws(ModelError) {
    (proto, stored) = try OnnxFile.reading(path) { (descriptor, status) throws(ModelError) in
      let bytes = WireBytes(descriptor, count: Int(status.st_size), path: path)
      try WireCheck.check(bytes, as: .model)
      var copy = Copy(descriptor: descriptor, path: path, bytes: bytes)
      let message = try copy.message(.model, 0..<bytes.count)
      let file = StoredBytes.File(path, status)
      return (
        try OnnxFile.parse(message, path: path), copy.places.mapValues { StoredBytes(file: file, range: $0) }
      )
    }
  }

  /// Copies a message without the large bytes of its initialisers.
  private struct Copy {
    let descriptor: CInt
    let path: String
    var bytes: WireBytes
    var places: [Int: Range<Int>] = [:]
    var tensors = 0

    mutating func message(_ kind: WireCheck.Message, _ range: Range<Int>) throws(ModelError) -> [UInt8] {
      var result: [UInt8] = []
      // From `kept` on bytes are copied as they are.
      var (at, kept) = (range.lowerBound, range.lowerBound)
      func copy(to end: Int) throws(ModelError) {
        if kept < end { result += try OnnxFile.read(descriptor, path, kept..<end) }
      }
      while at < range.upperBound {
        let start = at
        let key = try bytes.varint(&at, range.upperBound)
        switch key & 7 {
        case 0: _ = try bytes.varint(&at, range.upperBound)
        case 1: at += 8
        case 5: at += 4
        default:
          let length = try bytes.varint(&at, range.upperBound)
          // Looked at before; but files change.
          guard length <= UInt64(range.upperBound - at) else {
            throw bytes.fault(start, "the file has changed")
          }
          let inner = at..<at + Int(length)
          at = inner.upperBound
          switch (kind, key >> 3) {
          case (.model, 7), (.graph, 5):
            try copy(to: start)
            kept = at
            let part = try message(kind == .model ? .graph : .tensor, inner)
            if kind == .graph { tensors += 1 }
            append(key, &result)
            append(UInt64(part.count), &result)
            result += part
          // The last one counts.
          case (.tensor, 9) where inner.count >= LeanModel.leastBytes:
            try copy(to: start)
            kept = at
            places[tensors] = inner
          case (.tensor, 9): places[tensors] = nil
          default: break
          }
        }
      }
      try copy(to: range.upperBound)
      return result
    }

    private func append(_ number: UInt64, _ target: inout [UInt8]) {
      var rest = number
      while rest >= 0x80 {
        target.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
      }
      target.append(UInt8(truncatingIfNeeded: rest))
    }
  }
}

/// Bytes of a file that must not have changed when they are read.
struct StoredBytes: Sendable {
  /// A file as it was.
  struct File: Sendable {
    let path: String
    private let inode: UInt64
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    init(_ path: String, _ status: stat) {
      (self.path, inode, size) = (path, UInt64(status.st_ino), Int(status.st_size))
      (seconds, nanoseconds) = (Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec))
    }

    func isSame(_ status: stat) -> Bool {
      UInt64(status.st_ino) == inode && Int(status.st_size) == size
        && Int(status.st_mtim.tv_sec) == seconds && Int(status.st_mtim.tv_nsec) == nanoseconds
    }
  }

  let file: File
  let range: Range<Int>

  /// Reads them to where they are wanted: `range.count` bytes.
  func read(into target: UnsafeMutableRawBufferPointer) throws(NodeError) {
    do {
      try OnnxFile.reading(file.path) { (descriptor, status) throws(ModelError) in
        guard file.isSame(status) else {
          throw ModelError(.damaged, path: file.path, "the file has changed since it was opened")
        }
        try unsafe OnnxFile.read(descriptor, file.path, range, into: target)
      }
    } catch { throw NodeError(.damaged, error.description) }
  }
}
