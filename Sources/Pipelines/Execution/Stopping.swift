import GridFiles
import Kernels

#if canImport(Glibc)
  import Glibc
#endif

/// Ends a run in good order when the process is told to stop: SIGINT, SIGTERM, SIGHUP. A second signal, or
/// eight seconds without an end, removes the temporary files and ends the process at once.
public enum Stopping {
  /// How the process ends after a signal; nil when there was none.
  public static var code: Fault.Code? {
    switch isotach_caught_signal() {
    case 0: nil
    case SIGINT: .interrupted
    default: .terminated
    }
  }

  /// - Parameter cancel: called once, on a thread of its own.
  public static func catchSignals(_ cancel: @escaping @Sendable () -> Void) {
    let descriptor = isotach_catch_signals()
    guard descriptor >= 0 else { return }
    let context = unsafe Unmanaged.passRetained(Waiting(descriptor, cancel)).toOpaque()
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<Waiting>.fromOpaque(context).takeRetainedValue().wait()
        return nil
      }, context)
    if status == 0 { pthread_detach(thread) }
  }

  private final class Waiting: Sendable {
    let descriptor: CInt
    let cancel: @Sendable () -> Void
    init(_ descriptor: CInt, _ cancel: @escaping @Sendable () -> Void) {
      (self.descriptor, self.cancel) = (descriptor, cancel)
    }

    func wait() {
      var byte: UInt8 = 0
      while unsafe read(descriptor, &byte, 1) < 0, errno == EINTR {}
      cancel()
      sleep(8)
      OutputFile.removeAllTemporaries()
      _exit(Stopping.code?.rawValue ?? 143)
    }
  }
}
