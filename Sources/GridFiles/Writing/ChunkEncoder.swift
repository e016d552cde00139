import CDeflate
import Kernels
import Synchronization

/// Shuffles and deflates chunks, on any thread, as HDF5's filters would: the same bytes come out of either
/// when they are read. Compressors and their buffers are kept for the next chunk.
final class ChunkEncoder: Sendable {
  static let shared = ChunkEncoder()

  /// Owned by one thread at a time: in the pool or in use.
  private final class Tools: @unchecked Sendable {
    let compressor: OpaquePointer
    var shuffled: [UInt8] = []
    init?(level: Int) {
      guard let compressor = libdeflate_alloc_compressor(CInt(level)) else { return nil }
      self.compressor = compressor
    }
    deinit { libdeflate_free_compressor(compressor) }
  }
  private let idle = Mutex<[Int: [Tools]]>([:])

  /// The stored bytes, and HDF5's mask of the filters that were left out (bit n: n-th filter). Nil when there
  /// is no memory.
  func encode(
    _ values: UnsafeRawBufferPointer, elementSize: Int, shuffle: Bool, level: Int?
  ) -> (bytes: [UInt8], filterMask: UInt32)? {
    guard let level else { return (shuffle ? shuffled(values, elementSize) : Array(values), 0) }
    guard let tools = idle.withLock({ $0[level]?.popLast() }) ?? Tools(level: level) else { return nil }
    defer { idle.withLock { $0[level, default: []].append(tools) } }
    // HDF5 gives up on a chunk that deflate does not make smaller, and so do we.
    func deflate(_ plain: UnsafeRawBufferPointer) -> (bytes: [UInt8], filterMask: UInt32) {
      let bytes = [UInt8](unsafeUninitializedCapacity: plain.count) { target, count in
        count = libdeflate_zlib_compress(
          tools.compressor, plain.baseAddress, plain.count, target.baseAddress, plain.count)
      }
      return bytes.isEmpty ? (Array(plain), shuffle ? 2 : 1) : (bytes, 0)
    }
    guard shuffle, elementSize > 1 else { return deflate(values) }
    if tools.shuffled.count < values.count { tools.shuffled = [UInt8](repeating: 0, count: values.count) }
    return tools.shuffled.withUnsafeMutableBytes { buffer in
      Self.shuffle(values, into: buffer, elementSize)
      return deflate(UnsafeRawBufferPointer(rebasing: buffer.prefix(values.count)))
    }
  }

  private func shuffled(_ values: UnsafeRawBufferPointer, _ elementSize: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: values.count) { target, count in
      Self.shuffle(values, into: UnsafeMutableRawBufferPointer(target), elementSize)
      count = values.count
    }
  }

  private static func shuffle(
    _ values: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, _ elementSize: Int
  ) {
    guard let source = values.baseAddress, let target = target.baseAddress else { return }
    isotach_shuffle(
      target.assumingMemoryBound(to: UInt8.self), source.assumingMemoryBound(to: UInt8.self), values.count,
      elementSize)
  }
}
