#if canImport(Glibc)
  import Glibc
#endif
import Basics

/// Numbers that are kept on disk for a while: float32 values and their validity, in a file that has no name
/// and so vanishes with the process. Ranges of elements may be written and read by several threads at once
/// as long as they do not overlap.
package final class ScratchStore: Sendable {
  /// Number of elements.
  package let count: Int
  private let folder: String
  private let descriptor: CInt

  /// Makes the file in a folder and takes all its space, so that a full disk is known at once.
  /// - Throws: `FileError` of kind `cannotWrite` or `inputOutput`; the path is the folder's.
  package init(folder: String, count: Int) throws(FileError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: 5)
    guard count >= 0, !overflow else {
      throw FileError(.refused, path: folder, "a scratch file of \(count) elements is too large")
    }
    (self.count, self.folder) = (count, folder)
    // O_TMPFILE contains the bit of O_DIRECTORY; not every file system has it.
    var descriptor = open(folder, O_RDWR | O_CLOEXEC | 0o20_000_000 | O_DIRECTORY, 0o600)
    if descriptor < 0, [EOPNOTSUPP, EISDIR, EINVAL, ENOENT].contains(errno) {
      let name = folder + "/.isotach-scratch." + String(UInt64.random(in: .min ... .max), radix: 16)
      descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      if descriptor >= 0 { unlink(name) }
    }
    guard descriptor >= 0 else {
      throw SystemReason.error(errno, path: folder, doing: "no scratch file can be made there")
    }
    self.descriptor = descriptor
    if bytes > 0 {
      var code: CInt
      repeat { code = posix_fallocate(descriptor, 0, off_t(bytes)) } while code == EINTR
      // Where space cannot be reserved a full disk is met when writing.
      guard code == 0 || code == EOPNOTSUPP || code == EINVAL else {
        throw SystemReason.error(
          code, path: folder, doing: "\(bytes) bytes of scratch space cannot be had there",
          descriptor: descriptor)
      }
    }
  }

  deinit { close(descriptor) }

  /// Stores `range.count` values and validity bytes.
  package func write(
    _ range: Range<Int>, values: UnsafePointer<Float>, validity: UnsafePointer<UInt8>
  ) throws(FileError) {
    try check(range)
    try transfer(4 * range.lowerBound, 4 * range.count, "written") { done, left, offset in
      pwrite(descriptor, UnsafeRawPointer(values) + done, left, offset)
    }
    try transfer(4 * count + range.lowerBound, range.count, "written") { done, left, offset in
      pwrite(descriptor, validity + done, left, offset)
    }
  }

  package func read(
    _ range: Range<Int>, values: UnsafeMutablePointer<Float>, validity: UnsafeMutablePointer<UInt8>
  ) throws(FileError) {
    try check(range)
    try transfer(4 * range.lowerBound, 4 * range.count, "read") { done, left, offset in
      pread(descriptor, UnsafeMutableRawPointer(values) + done, left, offset)
    }
    try transfer(4 * count + range.lowerBound, range.count, "read") { done, left, offset in
      pread(descriptor, validity + done, left, offset)
    }
  }

  private func check(_ range: Range<Int>) throws(FileError) {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw FileError(.refused, path: folder, "the elements \(range) are not in a scratch file of \(count)")
    }
  }

  private func transfer(
    _ start: Int, _ bytes: Int, _ verb: String, _ call: (_ done: Int, _ left: Int, _ offset: off_t) -> Int
  ) throws(FileError) {
    var done = 0
    while done < bytes {
      let moved = call(done, bytes - done, off_t(start + done))
      if moved > 0 {
        done += moved
      } else if moved == 0 {
        throw FileError(.inputOutput, path: folder, "the scratch file is shorter than it was made")
      } else if errno != EINTR {
        throw SystemReason.error(
          errno, path: folder, doing: "the scratch file cannot be \(verb)", descriptor: descriptor)
      }
    }
  }
}
