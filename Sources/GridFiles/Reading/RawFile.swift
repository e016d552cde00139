#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import Basics

/// An input file as bytes: opened once, so that every later step sees the same file.
final class RawFile: Sendable {
  let path: String
  let descriptor: Int32
  let identity: FileIdentity

  var size: Int64 { identity.size }
  /// Opens the same file again, whatever the path has come to mean.
  var descriptorPath: String { "/proc/self/fd/\(descriptor)" }

  /// - Throws: `FileError`: `missing`; `refused` for URLs, folders, devices, FIFOs and sockets.
  init(_ path: String) throws(FileError) {
    if let scheme = RawFile.scheme(path) {
      throw FileError(
        .refused, path: path, "this is an address (\(scheme)), not a file",
        remedy: "download it first; nothing is read from the network")
    }
    guard !path.utf8.contains(0), !path.isEmpty else {
      throw FileError(.refused, path: path, "this is not the name of a file")
    }
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    var descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    if descriptor < 0, errno == EMFILE, RawFile.allowMoreFiles() {
      descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    }
    guard descriptor >= 0 else {
      let number = errno
      switch number {
      case ENOENT, ENOTDIR: throw FileError(.missing, path: path, "there is no such file")
      case ENXIO: throw FileError(.refused, path: path, "this is a socket or a FIFO, not a file")
      default: throw FileError(.inputOutput, path: path, "cannot be opened: \(systemMessage(number))")
      }
    }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let number = errno
      close(descriptor)
      throw FileError(.inputOutput, path: path, "cannot be examined: \(systemMessage(number))")
    }
    if let kind = RawFile.refusedKind(status.st_mode) {
      close(descriptor)
      throw FileError(.refused, path: path, "this is \(kind), not a file")
    }
    (self.path, self.descriptor, self.identity) = (path, descriptor, FileIdentity(status))
  }

  deinit { close(descriptor) }

  /// Raises the soft limit of open files to the hard one.
  private static func allowMoreFiles() -> Bool {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
      limit.rlim_cur < limit.rlim_max
    else { return false }
    limit.rlim_cur = limit.rlim_max
    return unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
  }

  /// Reads exactly `count` bytes at `offset`.
  /// - Throws: `damaged` when the file ends before, `inputOutput` with the system's reason.
  func read(
    at offset: Int64, count: Int, into memory: UnsafeMutableRawPointer, subject: String? = nil
  ) throws(FileError) {
    var done = 0
    while done < count {
      let got = unsafe pread(descriptor, memory + done, count - done, off_t(offset + Int64(done)))
      if got < 0 {
        let number = errno
        if number == EINTR { continue }
        throw FileError(
          .inputOutput, path: path, subject: subject, "cannot be read: \(systemMessage(number))")
      }
      guard got > 0 else {
        throw FileError(
          .damaged, path: path, subject: subject,
          "the file ends at byte \(offset + Int64(done)), before the data do (byte \(offset + Int64(count)))")
      }
      done += got
    }
  }

  /// The first bytes, as many as there are.
  func prefix(_ count: Int) throws(FileError) -> [UInt8] {
    let wanted = Int(min(Int64(count), size))
    var bytes = [UInt8](repeating: 0, count: wanted)
    let failure: FileError? = unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return nil }
      do throws(FileError) { try unsafe read(at: 0, count: wanted, into: base) } catch { return error }
      return nil
    }
    if let failure { throw failure }
    return bytes
  }

  /// `http://...`, `file:...`, also behind netCDF's `[mode]` prefixes.
  static func scheme(_ path: String) -> String? {
    var rest = path[...]
    while rest.first == "[", let end = rest.firstIndex(of: "]") { rest = rest[rest.index(after: end)...] }
    guard rest.startIndex == path.startIndex || !rest.isEmpty else { return nil }
    let letters = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+.-".contains($0)) }
    guard let first = letters.first, first.isLetter, rest[letters.endIndex...].hasPrefix("://") else {
      return nil
    }
    return letters + "://"
  }

  private static func refusedKind(_ mode: mode_t) -> String? {
    switch mode & S_IFMT {
    case S_IFREG: nil
    case S_IFDIR: "a folder"
    case S_IFCHR, S_IFBLK: "a device"
    case S_IFIFO: "a FIFO"
    case S_IFSOCK: "a socket"
    default: "not a regular file"
    }
  }
}

extension FileIdentity {
  init(_ status: stat) {
    let nanoseconds = Int64(status.st_mtim.tv_sec)
      .multipliedReportingOverflow(by: 1_000_000_000).partialValue
      .addingReportingOverflow(Int64(status.st_mtim.tv_nsec)).partialValue
    self.init(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
      modifiedNanoseconds: nanoseconds)
  }

  /// The identity of the file at `path` now; nil when there is none.
  public init?(ofFileAt path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(status)
  }
}

/// The system's own words for an error number.
func systemMessage(_ number: Int32) -> String {
  guard let text = unsafe strerror(number) else { return "error \(number)" }
  return unsafe String(cString: text)
}

/// UTF-8, or, where the bytes are not UTF-8, Latin-1, which gives every byte a character.
func text(of bytes: some Collection<UInt8>) -> String {
  if let text = String(validating: bytes, as: UTF8.self) { return text }
  return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}

/// The product, or nil when it does not fit or a factor is negative.
func checkedProduct(_ factors: some Sequence<Int>) -> Int? {
  var product = 1
  for factor in factors {
    guard factor >= 0 else { return nil }
    let (next, overflow) = product.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    product = next
  }
  return product
}
