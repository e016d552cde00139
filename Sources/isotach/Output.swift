#if canImport(Glibc)
  import Glibc
#endif

/// Standard output and standard error, written through: what cannot be written is an error, never lost.
enum Output {
  /// Writes a line, or several, to standard output. Ends the process with 74 when that fails.
  static func print(_ text: String) {
    write(text.hasSuffix("\n") ? text : text + "\n", to: STDOUT_FILENO)
  }

  /// Writes a line, or several, to standard error; a failure there has nowhere to be told.
  static func complain(_ text: String) {
    write(text.hasSuffix("\n") ? text : text + "\n", to: STDERR_FILENO)
  }

  /// Draws over the last line of a terminal.
  static func showProgress(_ text: String) { write(text, to: STDERR_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
      }
      if count >= 0 {
        done += count
        continue
      }
      let reason = errno
      if reason == EINTR { continue }
      if descriptor == STDOUT_FILENO {
        // A reader that has seen enough (`| head`) wants no message.
        if reason != EPIPE {
          complain("isotach: standard output: \(unsafe String(cString: strerror(reason)))")
        }
        exit(Exit.inputOutput)
      }
      return
    }
  }
}
