#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The owner of float32 numbers in row-major order, aligned to 64 bytes. It holds and does not compute;
/// it is not copied unless asked (`clone()`).
@safe public struct Tensor: ~Copyable, @unchecked Sendable {
  public let shape: Shape
  /// The storage; valid as long as the tensor lives.
  package let storage: UnsafeMutableBufferPointer<Float>

  /// A tensor whose elements are not set.
  /// - Throws: `ShapeError.memory` when the system has no memory for it.
  public init(uninitialized shape: Shape) throws(ShapeError) {
    let (bytes, overflow) = shape.count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    guard !overflow, bytes <= Int.max - 64 else { throw .overflow(shape.extents) }
    var pointer: UnsafeMutableRawPointer?
    let alignment = bytes >= HugePages.least ? HugePages.size : 64
    guard unsafe posix_memalign(&pointer, alignment, max(64, bytes)) == 0, let pointer = unsafe pointer else {
      throw .memory(bytes: bytes)
    }
    unsafe HugePages.ask(for: pointer, bytes)
    self.shape = shape
    unsafe storage = .init(
      start: pointer.bindMemory(to: Float.self, capacity: shape.count), count: shape.count)
  }

  /// A tensor with every element equal to `value`.
  public init(repeating value: Float, _ shape: Shape) throws(ShapeError) {
    try self.init(uninitialized: shape)
    unsafe storage.initialize(repeating: value)
  }

  deinit { unsafe free(storage.baseAddress) }

  /// A copy, spelled out.
  public borrowing func clone() throws(ShapeError) -> Tensor {
    let copy = try Tensor(uninitialized: shape)
    _ = unsafe copy.storage.initialize(from: storage)
    return copy
  }

  /// The elements, to read.
  public var span: Span<Float> {
    @_lifetime(borrow self) get {
      unsafe _overrideLifetime(Span(_unsafeElements: UnsafeBufferPointer(storage)), borrowing: self)
    }
  }

  /// The elements, to change.
  public var mutableSpan: MutableSpan<Float> {
    @_lifetime(&self) mutating get {
      unsafe _overrideLifetime(MutableSpan(_unsafeElements: storage), mutating: &self)
    }
  }
}
