#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Pages of 2 MiB for large pieces of memory: the system has fewer of them to make, and the processor to look up.
package enum HugePages {
  package static let size = 2 << 20
  /// Pieces below this size are not worth it.
  package static let least = 2 * size

  /// Asks for huge pages where the system gives them when asked. No more than a wish.
  package static func ask(for memory: UnsafeMutableRawPointer, _ bytes: Int) {
    #if os(Linux)
      let first = (Int(bitPattern: memory) + 4095) / 4096 * 4096
      let length = Int(bitPattern: memory) + bytes - first
      if bytes >= least {
        _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: first), length, MADV_HUGEPAGE)
      }
    #endif
  }
}
