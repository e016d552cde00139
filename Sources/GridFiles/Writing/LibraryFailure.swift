#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CHDF5

/// The system's reason behind a failed write of a library. The libraries say "HDF error" for a full disk and
/// "Permission denied" for a full inode table, so the system is asked.
extension SystemReason {
  /// Errors that say why something cannot be written; anything else in `errno` is left over.
  private static let telling: Set<CInt> = [
    ENOSPC, EDQUOT, EIO, EFBIG, EROFS, EACCES, EPERM, EMFILE, ENFILE, ENOMEM, ESTALE, EBADF,
  ]

  /// Why a call of a library failed: what HDF5 noted, else `errno`, else what a write of our own meets.
  @IOLane static func afterLibraryFailure(errno code: CInt, descriptor: CInt) -> CInt? {
    if let noted = notedByHDF5(), telling.contains(noted) { return noted }
    if telling.contains(code) { return code }
    return probe(descriptor)
  }

  /// The error number in HDF5's error stack ("errno = 28") of the call that has just failed.
  @IOLane private static func notedByHDF5() -> CInt? {
    var found: CInt = 0
    withUnsafeMutablePointer(to: &found) { found in
      _ = H5Ewalk2(
        0, H5E_WALK_UPWARD,
        { _, entry, context in
          guard let text = entry?.pointee.desc, let context, let place = strstr(text, "errno = ") else {
            return 0
          }
          let number = CInt(truncatingIfNeeded: strtol(place + 8, nil, 10))
          let found = context.assumingMemoryBound(to: CInt.self)
          if found.pointee == 0 { found.pointee = number }
          return 0
        }, found)
    }
    return found == 0 ? nil : found
  }

  /// Tries to make the (doomed) temporary file longer.
  private static func probe(_ descriptor: CInt) -> CInt? {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return errno }
    let bytes = [UInt8](repeating: 0, count: 65536)
    let written = pwrite(descriptor, bytes, bytes.count, status.st_size)
    if written < 0 { return errno }
    // A short write is what a full disk gives before it says so.
    if written < bytes.count {
      let more = pwrite(descriptor, bytes, bytes.count, status.st_size + off_t(written))
      if more < 0 { return errno }
    }
    return nil
  }
}
