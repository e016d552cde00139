#if canImport(Glibc)
  import Glibc
#endif

/// The system's own reason behind a failed call.
package enum SystemReason {
  /// What the system calls an error number.
  package static func text(_ code: CInt) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  package static func kind(_ code: CInt) -> FileError.Kind {
    switch code {
    case EIO, ESTALE, EBADF, ENXIO, ENODEV: .inputOutput
    default: .cannotWrite
    }
  }

  /// The reason with what helps to act on it: how much is free, which limit.
  package static func sentence(_ code: CInt, descriptor: CInt?) -> String {
    var sentence = text(code)
    if code == ENOSPC || code == EDQUOT, let descriptor {
      var status = statvfs()
      if fstatvfs(descriptor, &status) == 0 {
        if status.f_files > 0, status.f_favail == 0 {
          sentence += " (no inode is free)"
        } else {
          let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
            by: UInt64(status.f_frsize))
          if !overflow { sentence += " (\(bytes) bytes are free)" }
        }
      }
    }
    if code == EFBIG {
      var limit = rlimit()
      if getrlimit(__rlimit_resource_t(1), &limit) == 0, limit.rlim_cur != rlim_t.max {
        sentence += " (the limit RLIMIT_FSIZE, `ulimit -f`, is \(limit.rlim_cur) bytes)"
      }
    }
    return sentence
  }

  package static func error(_ code: CInt, path: String, doing action: String, descriptor: CInt? = nil)
    -> FileError
  {
    FileError(kind(code), path: path, "\(action): \(sentence(code, descriptor: descriptor))")
  }
}
