#if canImport(Glibc)
  import Glibc
#endif

/// Standard output and standard error, written through: what cannot be written is an error, never lost.
enum Output {
  /// Occupies the places of standard streams that are closed (`>&-`): the first files opened would get them, and what
  /// is printed be written into an output file. Each is opened for the wrong direction: its use is an error as before.
  static func keepPlaces() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
      guard unsafe fcntl(descriptor, F_GETFD) < 0, errno == EBADF else { continue }
      _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

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
