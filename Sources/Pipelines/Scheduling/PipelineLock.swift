import Basics
import GridFiles

#if canImport(Glibc)
  import Glibc
#endif

/// The lock that a scheduled run holds on its pipeline. It belongs to the open file (`flock`): the system takes it away
/// when the process ends, however it ends, so that there is no stale lock and nothing to remove.
final class PipelineLock: Sendable {
  private let descriptors: [Int32]

  struct Holder: Sendable {
    let pid: Int
    let host: String
    let since: String
    var text: String { "process \(pid) on \(host) since \(since)" }
    var json: JSONValue {
      .object([("pid", .integer(pid)), ("host", .string(host)), ("since", .string(since))])
    }
  }

  /// - Parameter shard: shards of one pipeline run beside each other, but not beside a run of everything.
  /// - Throws: `busy`, with who holds it.
  init(_ folder: StateFolder, shard: (index: Int, count: Int)?) throws(Fault) {
    try folder.make()
    guard let shard else {
      descriptors = [try Self.lock(folder.file("lock"), LOCK_EX)]
      return
    }
    let whole = try Self.lock(folder.file("lock"), LOCK_SH)
    do throws(Fault) {
      descriptors = [whole, try Self.lock(folder.file("lock-\(shard.index)-of-\(shard.count)"), LOCK_EX)]
    } catch {
      close(whole)
      throw error
    }
  }

  deinit { for descriptor in descriptors { close(descriptor) } }

  private static func lock(_ path: String, _ kind: Int32) throws(Fault) -> Int32 {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0o666)
    guard descriptor >= 0 else {
      throw Fault(.cannotWrite, "the pipeline's lock cannot be opened: \(systemReason(errno))", file: path)
    }
    while flock(descriptor, kind | LOCK_NB) != 0 {
      let reason = errno
      if reason == EINTR { continue }
      close(descriptor)
      guard reason == EWOULDBLOCK else {
        throw Fault(.cannotWrite, "the pipeline cannot be locked: \(systemReason(reason))", file: path)
      }
      let holder = holder(path).map { ": \($0.text)" } ?? ""
      throw Fault(.busy, "another run of this pipeline is going on\(holder)", file: path)
    }
    if kind == LOCK_EX {
      var status = stat()
      if unsafe fstat(descriptor, &status) == 0 { fchmod(descriptor, status.st_mode & 0o777 | 0o600) }
      let text =
        JSONValue.object([
          ("pid", .integer(Int(getpid()))), ("host", .string(hostName)),
          ("since", .string(RunSettings.isoTime(RunSettings.clock))),
        ]).text + "\n"
      ftruncate(descriptor, 0)
      let bytes = Array(text.utf8)
      // Says who it is; the lock itself does not depend on it.
      _ = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }
    return descriptor
  }

  /// Who holds the lock; nil when nobody does. Takes no lock that a run could meet.
  static func currentHolder(_ folder: StateFolder) -> Holder? {
    let path = folder.file("lock")
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, let list = try? readSmallFile("/proc/locks", limit: 1 << 20)
    else { return nil }
    // "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF"
    for line in String(decoding: list, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 6, words[1] == "FLOCK", words[5].hasSuffix(":\(status.st_ino)") else { continue }
      let process = Int(words[4]) ?? 0
      if let holder = holder(path), holder.pid == process || process <= 0 { return holder }
      return Holder(pid: process, host: hostName, since: "?")
    }
    return nil
  }

  private static func holder(_ path: String) -> Holder? {
    guard let bytes = try? readSmallFile(path, limit: 4096), let value = try? JSONValue.parse(bytes),
      let pid = value["pid"]?.integer, let host = value["host"]?.string, let since = value["since"]?.string
    else { return nil }
    return Holder(pid: pid, host: host, since: since)
  }

  static var hostName: String {
    var bytes = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&bytes, bytes.count - 1) == 0 else { return "unknown" }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
