import Basics
import Networks
import SwiftProtobuf
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// The bytes of ONNX files, and their protobuf messages.
enum OnnxFile {
  /// What protobuf can hold.
  static let largest = Int(Int32.max)

  static func model(_ path: String) throws(ModelError) -> Onnx_ModelProto {
    try decode(try bytes(path), as: .model, path: path)
  }
  /// A file with one tensor, as the tests of ONNX have them.
  static func tensor(_ path: String) throws(ModelError) -> Onnx_TensorProto {
    try decode(try bytes(path), as: .tensor, path: path)
  }

  /// Looks through bytes, and parses them.
  static func decode<M: Message>(_ bytes: [UInt8], as kind: WireCheck.Message, path: String)
    throws(ModelError)
    -> M
  {
    try WireCheck.check(WireBytes(bytes, path: path), as: kind)
    return try parse(bytes, path: path)
  }

  /// Parses bytes that have been looked through.
  static func parse<M: Message>(_ bytes: [UInt8], path: String) throws(ModelError) -> M {
    do {
      // Its levels count more than ours.
      var options = BinaryDecodingOptions()
      options.messageDepthLimit = 4 * WireCheck.deepest
      return try M(serializedBytes: bytes, options: options)
    } catch {
      throw ModelError(
        .damaged, path: path, "this is not ONNX: \(printable("\(error)", limit: 200))",
        remedy: "an ONNX file is expected; if it is one, it is damaged")
    }
  }

  /// All bytes of a regular file.
  static func bytes(_ path: String) throws(ModelError) -> [UInt8] {
    try reading(path) { (descriptor, status) throws(ModelError) in
      try read(descriptor, path, 0..<Int(status.st_size))
    }
  }

  /// Opens a regular file that is neither empty nor too large.
  static func reading<R>(_ path: String, _ body: (CInt, stat) throws(ModelError) -> R) throws(ModelError) -> R
  {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      throw ModelError(
        code == ENOENT || code == ENOTDIR ? .missing : .inputOutput, path: path,
        "it cannot be opened: \(SystemReason.text(code))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ModelError(.damaged, path: path, "this is no regular file")
    }
    let size = Int(status.st_size)
    guard size <= largest else {
      throw ModelError(
        .unsupported, path: path, "the file is too large", expected: "at most \(largest) bytes",
        found: "\(size)", remedy: "export it with external data")
    }
    guard size > 0 else { throw ModelError(.damaged, path: path, "the file is empty") }
    return try body(descriptor, status)
  }

  static func read(_ descriptor: CInt, _ path: String, _ range: Range<Int>) throws(ModelError) -> [UInt8] {
    var failure: ModelError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, done in
      done = 0
      if let base = buffer.baseAddress { unsafe HugePages.ask(for: base, range.count) }
      do throws(ModelError) {
        try unsafe read(descriptor, path, range, into: UnsafeMutableRawBufferPointer(buffer))
        done = range.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Reads as many bytes as the range has.
  static func read(
    _ descriptor: CInt, _ path: String, _ range: Range<Int>, into target: UnsafeMutableRawBufferPointer
  ) throws(ModelError) {
    guard target.count >= range.count else { throw ModelError(.damaged, path: path, "it became longer") }
    var done = 0
    while done < range.count, let base = target.baseAddress {
      let got = unsafe pread(descriptor, base + done, range.count - done, off_t(range.lowerBound + done))
      if got < 0, errno == EINTR { continue }
      guard got > 0 else {
        throw ModelError(
          got < 0 ? .inputOutput : .damaged, path: path,
          got < 0 ? "it cannot be read: \(SystemReason.text(errno))" : "it became shorter while it was read")
      }
      done += got
    }
  }
}
