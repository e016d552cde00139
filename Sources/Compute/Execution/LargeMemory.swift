#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension UnsafeMutableRawBufferPointer {
  /// Zeros, aligned to pages; large ones in huge pages where the system gives them when asked: blocked convolutions go
  /// through many pages at a time, and save up to a third of their time.
  static func zeros(_ bytes: Int) -> Self {
    let huge = 2 << 20
    let memory = Self.allocate(byteCount: bytes, alignment: bytes >= 2 * huge ? huge : 4096)
    #if os(Linux)
      // Not more than a wish: what it returns does not matter.
      if bytes >= 2 * huge { _ = unsafe madvise(memory.baseAddress, bytes, MADV_HUGEPAGE) }
    #endif
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    return unsafe memory
  }
}
