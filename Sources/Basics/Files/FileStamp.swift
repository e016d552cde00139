#if canImport(Glibc)
  import Glibc
#endif

/// What the system says of a file as it is now: another stamp means that it may have other bytes. The time of the
/// last change of the inode cannot be set by programs, so a copied or restored modification time deceives nobody.
public struct FileStamp: Sendable, Hashable {
  public let device: UInt64
  public let inode: UInt64
  public let size: Int64
  public let modifiedNanoseconds: Int64
  public let changedNanoseconds: Int64

  public init(
    device: UInt64, inode: UInt64, size: Int64, modifiedNanoseconds: Int64, changedNanoseconds: Int64
  ) {
    (self.device, self.inode, self.size) = (device, inode, size)
    (self.modifiedNanoseconds, self.changedNanoseconds) = (modifiedNanoseconds, changedNanoseconds)
  }

  /// Nil when there is no regular file.
  public init?(ofFileAt path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  init?(_ status: stat) {
    guard status.st_mode & S_IFMT == S_IFREG else { return nil }
    self.init(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
      modifiedNanoseconds: Self.nanoseconds(status.st_mtim),
      changedNanoseconds: Self.nanoseconds(status.st_ctim))
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  /// Seconds from the file's last change, of bytes or of inode, to a moment (seconds since 1970); negative when it
  /// lies in the future.
  public func age(at now: Double) -> Double {
    now - Double(max(modifiedNanoseconds, changedNanoseconds)) / 1e9
  }
}

/// A file read from its first byte to its last.
public struct FileContent: Sendable, Hashable {
  public let stamp: FileStamp
  /// SHA-256 in hexadecimal.
  public let digest: String

  public init(stamp: FileStamp, digest: String) { (self.stamp, self.digest) = (stamp, digest) }

  /// - Throws: `missing`, `refused` when it is no regular file, `inputOutput`, `changed` when it changed meanwhile.
  public static func read(_ path: String) throws(FileError) -> FileContent {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else {
      let reason = errno
      let kind: FileError.Kind =
        reason == ENOENT || reason == ENOTDIR || reason == EACCES ? .missing : .inputOutput
      throw FileError(kind, path: path, SystemReason.text(reason))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FileError(.inputOutput, path: path, SystemReason.text(errno))
    }
    guard let before = FileStamp(status) else {
      throw FileError(.refused, path: path, "it is not a regular file")
    }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    var hash = SHA256()
    var total: Int64 = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError(.inputOutput, path: path, SystemReason.text(errno)) }
      if count == 0 { break }
      total += Int64(count)
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    guard fstat(descriptor, &status) == 0, FileStamp(status) == before, total == before.size,
      FileStamp(ofFileAt: path) == before
    else {
      throw FileError(
        .changed, path: path, "it changed while it was read", remedy: "run again when nothing writes to it")
    }
    return FileContent(stamp: before, digest: SHA256.hex(hash.digest()))
  }

  /// True while a process has the file open for writing. Only the owner of a file may ask (and root); nil when the
  /// system gives no answer.
  public static func isHeldByWriter(_ path: String) -> Bool? {
    _ = ignoringLeaseSignal
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // The kernel grants a read lease only when nobody writes. (F_SETLEASE, 1024.)
    if fcntl(descriptor, 1024, F_RDLCK) == 0 {
      _ = fcntl(descriptor, 1024, F_UNLCK)
      return false
    }
    return errno == EAGAIN ? true : nil
  }

  /// Who opens the file for writing in that moment makes the kernel send this signal, which would end the process.
  private static let ignoringLeaseSignal: Void = { _ = signal(SIGIO, SIG_IGN) }()
}
