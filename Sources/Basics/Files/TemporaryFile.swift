#if canImport(Glibc)
  import Glibc
#endif
import Kernels
import Synchronization

/// A file that is written beside its target, `.<name>.<16 hex digits>.isotach` in the same folder, and takes
/// the target's name by a rename. It is locked (`flock`) as long as it is open: a temporary file that nobody
/// holds is the litter of a dead run and is removed by the next one; one that is held means that another
/// process is writing the same target. The lock dies with its holder, and no other lock file is needed.
package final class TemporaryFile: Sendable {
  /// As the caller named it; used in messages.
  package let target: String
  package let name: String
  package let temporaryName: String
  package let folder: CInt
  package let descriptor: CInt
  private let slot: CInt
  private let isOpen = Mutex(true)

  private init(
    target: String, name: String, temporaryName: String, folder: CInt, descriptor: CInt, slot: CInt
  ) {
    (self.target, self.name, self.temporaryName) = (target, name, temporaryName)
    (self.folder, self.descriptor, self.slot) = (folder, descriptor, slot)
  }

  /// The libraries open the file by this name, which stays right whatever happens to the folder's path.
  package var libraryPath: String { "/proc/self/fd/\(descriptor)" }

  /// Checks the target, makes its folder if it is missing, removes litter, opens and locks the file.
  package static func create(_ target: String, inputs: [FileIdentity] = []) throws(FileError) -> TemporaryFile
  {
    _ = ignoringSizeSignal
    let (folderPath, name) = try split(target)
    // Before the folder is made: a refusal leaves nothing behind.
    try checkTarget(AT_FDCWD, target, target, inputs)
    let folder = try openFolder(folderPath, target)
    do throws(FileError) {
      try checkTarget(folder, name, target, inputs)
      // The folder is locked while one run looks for others and makes itself seen, so that of two that start
      // at the same moment one sees the other. Where folders cannot be locked that moment stays uncovered.
      let isLocked = lockBriefly(folder)
      defer { if isLocked { flock(folder, LOCK_UN) } }
      try removeLitter(folder, name, target)
      return try open(folder, name, target)
    } catch {
      close(folder)
      throw error
    }
  }

  /// Writes the file's first bytes.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    let result = bytes.withUnsafeBytes { bytes -> Result<Void, FileError> in
      do throws(FileError) { return .success(try write(bytes, at: 0)) } catch { return .failure(error) }
    }
    try result.get()
  }

  /// Writes bytes at an offset.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let written = pwrite(
        descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      if written > 0 {
        done += written
      } else if written == 0 || errno != EINTR {
        throw failure(written == 0 ? ENOSPC : errno, "it cannot be written")
      }
    }
  }

  /// Gives the file the target's name: mode, fsync, rename, fsync of the folder.
  /// - Parameter isLasting: false leaves out both fsyncs, for what may be lost with the machine.
  package func publish(isLasting: Bool = true) throws(FileError) {
    var replaced = stat()
    let mode: mode_t
    if fstatat(folder, name, &replaced, AT_SYMLINK_NOFOLLOW) == 0, replaced.st_mode & S_IFMT == S_IFREG {
      mode = replaced.st_mode & 0o777
    } else {
      // Whatever the umask: its owner can read and replace it, which the next run needs.
      mode = 0o666 & ~Self.processMask() | 0o600
    }
    guard fchmod(descriptor, mode) == 0 else { throw failure(errno, "its mode cannot be set") }
    guard !isLasting || fsync(descriptor) == 0 else {
      throw failure(errno, "its data cannot be brought to the disk (fsync)")
    }
    guard renameat(folder, temporaryName, folder, name) == 0 else {
      throw failure(errno, "the finished file cannot be renamed")
    }
    isotach_temporary_forget(slot)
    let code = !isLasting || fsync(folder) == 0 ? 0 : errno
    isOpen.withLock { isOpen in
      isOpen = false
      close(descriptor)
      close(folder)
    }
    // Some file systems cannot sync folders and say EINVAL.
    guard code == 0 || code == EINVAL else {
      throw SystemReason.error(
        code, path: target, doing: "the file is complete and in place, but its folder cannot be synced")
    }
  }

  /// Removes the file unless it was published.
  package func remove() {
    isOpen.withLock { isOpen in
      guard isOpen else { return }
      isOpen = false
      // What an unclosed library handle still holds shall not fill the disk; a file that was renamed after
      // all is left alone.
      if Self.isNamed(temporaryName, folder, descriptor) { ftruncate(descriptor, 0) }
      unlinkat(folder, temporaryName, 0)
      isotach_temporary_forget(slot)
      close(descriptor)
      close(folder)
    }
  }

  deinit { remove() }

  /// A write beyond RLIMIT_FSIZE shall fail, not kill.
  private static let ignoringSizeSignal: Void = { _ = signal(SIGXFSZ, SIG_IGN) }()

  package func failure(_ code: CInt, _ action: String) -> FileError {
    SystemReason.error(code, path: target, doing: action, descriptor: descriptor)
  }

  /// The process's umask, without changing it for a moment as `umask(2)` would.
  private static func processMask() -> mode_t {
    let descriptor = Glibc.open("/proc/self/status", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0o022 }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    guard count > 0 else { return 0o022 }
    for line in bytes.prefix(count).split(separator: UInt8(ascii: "\n")) {
      guard line.starts(with: "Umask:".utf8) else { continue }
      let digits = line.dropFirst(6).filter { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
      return mode_t(String(decoding: digits, as: UTF8.self), radix: 8) ?? 0o022
    }
    return 0o022
  }
}

// MARK: - Making one

extension TemporaryFile {
  private static func split(_ target: String) throws(FileError) -> (folder: String, name: String) {
    guard !target.utf8.contains(0), target.utf8.count < Int(PATH_MAX) else {
      throw FileError(.cannotWrite, path: target, "this cannot be the path of a file")
    }
    let parts = target.utf8.lastIndex(of: UInt8(ascii: "/"))
    let name = parts.map { String(target[target.utf8.index(after: $0)...]) } ?? target
    guard !name.isEmpty, name != ".", name != ".." else {
      throw FileError(.cannotWrite, path: target, "the output has no file name", remedy: "name a file")
    }
    guard let parts else { return (".", name) }
    return (parts == target.startIndex ? "/" : String(target[..<parts]), name)
  }

  /// Opens the folder, making it and its parents first when they are missing.
  private static func openFolder(_ path: String, _ target: String) throws(FileError) -> CInt {
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
    var descriptor = Glibc.open(path, flags)
    if descriptor < 0, errno == ENOENT {
      var made = path.hasPrefix("/") ? "" : "."
      for part in path.split(separator: "/") {
        made += "/" + part
        if mkdir(made, 0o777) == 0 {
          let mask = processMask()
          if mask & 0o700 != 0 { chmod(made, 0o777 & ~mask | 0o700) }
        } else if errno != EEXIST {
          throw SystemReason.error(errno, path: target, doing: "the folder \(made) cannot be made")
        }
      }
      descriptor = Glibc.open(path, flags)
    }
    guard descriptor >= 0 else {
      throw SystemReason.error(errno, path: target, doing: "the folder \(path) cannot be opened")
    }
    return descriptor
  }

  private static func checkTarget(
    _ folder: CInt, _ name: String, _ target: String, _ inputs: [FileIdentity]
  ) throws(FileError) {
    var status = stat()
    guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      if errno == ENOENT { return }
      throw SystemReason.error(errno, path: target, doing: "it cannot be looked at")
    }
    let isLink = status.st_mode & S_IFMT == S_IFLNK
    var named = stat()
    if fstatat(folder, name, &named, 0) == 0 {
      for input in inputs where input.device == UInt64(named.st_dev) && input.inode == UInt64(named.st_ino) {
        throw FileError(
          .refused, path: target, "the output is the same file as one of the inputs",
          remedy: "write to another file")
      }
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return
    case _ where isLink:
      throw FileError(
        .cannotWrite, path: target, "the output is a symbolic link", remedy: "name the file that it points to"
      )
    case S_IFDIR:
      throw FileError(.cannotWrite, path: target, "the output is a folder", remedy: "name a file in it")
    default: throw FileError(.cannotWrite, path: target, "the output is a device, pipe or socket")
    }
  }

  /// Locks the folder for a moment; false when it cannot be locked, or somebody holds the lock for long.
  private static func lockBriefly(_ folder: CInt) -> Bool {
    for _ in 0..<200 {
      if flock(folder, LOCK_EX | LOCK_NB) == 0 { return true }
      guard errno == EWOULDBLOCK || errno == EINTR else { return false }
      usleep(10_000)
    }
    return false
  }

  /// `.<name>.`; a name too long to be made longer is replaced by its digest.
  private static func prefix(_ name: String) -> String {
    name.utf8.count <= 200 ? ".\(name)." : "." + SHA256.hexDigest(of: Array(name.utf8)).prefix(32) + "."
  }
  private static let suffix = ".isotach"
  private static let randomDigits = 16

  private static func isTemporary(_ entry: String, _ prefix: String) -> Bool {
    guard entry.hasPrefix(prefix), entry.hasSuffix(suffix) else { return false }
    let middle = entry.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)
    return middle.count == randomDigits
      && middle.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }

  private static func removeLitter(_ folder: CInt, _ name: String, _ target: String) throws(FileError) {
    let prefix = prefix(name)
    for entry in entries(folder) where isTemporary(entry, prefix) {
      // Without write access it can be locked all the same, but not on NFS.
      let common = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
      var descriptor = openat(folder, entry, O_RDWR | common)
      if descriptor < 0 { descriptor = openat(folder, entry, O_RDONLY | common) }
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        guard errno == EWOULDBLOCK else { continue }
        throw FileError(
          .busy, path: target, "another process\(holder(descriptor)) is writing this file",
          remedy: "wait until it has ended")
      }
      // Only while its lock is held, and only if the name still means that file.
      if isNamed(entry, folder, descriptor) { unlinkat(folder, entry, 0) }
    }
  }

  private static func open(_ folder: CInt, _ name: String, _ target: String) throws(FileError)
    -> TemporaryFile
  {
    for _ in 0..<16 {
      let digits = String(UInt64.random(in: .min ... .max), radix: 16)
      let temporary =
        prefix(name) + String(repeating: "0", count: randomDigits - digits.count) + digits + suffix
      let descriptor = openat(
        folder, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      if descriptor < 0, errno == EEXIST { continue }
      guard descriptor >= 0 else {
        throw SystemReason.error(
          errno, path: target, doing: "no file can be made in its folder", descriptor: folder)
      }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK,
        isNamed(temporary, folder, descriptor)
      {
        return TemporaryFile(
          target: target, name: name, temporaryName: temporary, folder: folder, descriptor: descriptor,
          slot: isotach_temporary_add(path(folder) + "/" + temporary))
      }
      // Another run took it for litter between the two calls.
      unlinkat(folder, temporary, 0)
      close(descriptor)
    }
    throw FileError(.busy, path: target, "other processes are writing this file")
  }

  private static func isNamed(_ name: String, _ folder: CInt, _ descriptor: CInt) -> Bool {
    var named = stat()
    var opened = stat()
    return fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(descriptor, &opened) == 0
      && named.st_mode & S_IFMT == S_IFREG && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino
  }

  private static func entries(_ folder: CInt) -> [String] {
    let copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { return [] }
    guard let stream = fdopendir(copy) else {
      close(copy)
      return []
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let name { names.append(name) }
    }
    return names
  }

  /// The absolute path of an opened folder.
  private static func path(_ folder: CInt) -> String {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = bytes.withUnsafeMutableBytes { bytes -> Int in
      guard let start = bytes.baseAddress else { return 0 }
      return readlink("/proc/self/fd/\(folder)", start.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : "."
  }

  /// " 1234" when /proc/locks tells who holds the lock on a file of this machine.
  private static func holder(_ descriptor: CInt) -> String {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return "" }
    let list = Glibc.open("/proc/locks", O_RDONLY | O_CLOEXEC)
    guard list >= 0 else { return "" }
    defer { close(list) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(list, &bytes, bytes.count)
    guard count > 0 else { return "" }
    for line in String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n") {
      // "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF"
      let words = line.split(separator: " ")
      guard words.count >= 6, words[1] == "FLOCK", words[5].hasSuffix(":\(status.st_ino)"),
        let process = Int(words[4]), process > 0
      else { continue }
      return " (\(process))"
    }
    return ""
  }
}
