import Basics
import GridFiles

/// The parts in which a whole variable is read: all together they are the variable, each holds a bounded number
/// of elements and, where the variable is chunked, whole chunks, so that each chunk is decoded once.
struct SlabWalk: Sequence, IteratorProtocol {
  private let extents: [Int]
  private let shape: [Int]
  private var start: [Int]
  private var isDone: Bool

  /// - Parameter limit: elements of a part; a chunk with more than that is read whole all the same.
  init(_ variable: Variable, limit: Int = 1 << 20) {
    extents = variable.extents
    var shape = extents.map { _ in 1 }
    if case .chunked(let chunk) = variable.storage, chunk.count == extents.count {
      shape = zip(chunk, extents).map { Swift.max(1, Swift.min($0, $1)) }
    }
    var count = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    for axis in extents.indices.reversed() {
      let room = Swift.max(1, limit / Swift.max(1, count))
      let grown = Swift.min(extents[axis], shape[axis] * room)
      if grown > shape[axis] {
        count = count / shape[axis] * grown
        shape[axis] = grown
      }
      // Growing an outer axis while an inner one is cut would read the chunks in no useful order.
      if shape[axis] < extents[axis] { break }
    }
    self.shape = shape
    start = extents.map { _ in 0 }
    isDone = extents.contains(0)
  }

  /// The elements of the largest part.
  var largest: Int { shape.reduce(1, *) }

  mutating func next() -> Hyperslab? {
    guard !isDone else { return nil }
    let slab = Hyperslab(
      start: start, count: start.indices.map { Swift.min(shape[$0], extents[$0] - start[$0]) })
    isDone = true
    for axis in start.indices.reversed() {
      start[axis] += shape[axis]
      if start[axis] < extents[axis] {
        isDone = false
        break
      }
      start[axis] = 0
    }
    return slab
  }
}

/// Memory for decoded values, used again for each part.
final class SlabBuffer: @unchecked Sendable {
  let capacity: Int
  private let values: UnsafeMutablePointer<Float>
  private let validity: UnsafeMutablePointer<UInt8>

  init(capacity: Int) {
    self.capacity = Swift.max(1, capacity)
    unsafe values = .allocate(capacity: self.capacity)
    unsafe validity = .allocate(capacity: self.capacity)
  }

  deinit {
    unsafe values.deallocate()
    unsafe validity.deallocate()
  }

  /// Reads a part, row-major, and gives it to `body`.
  func read<Result>(
    _ file: SourceFile, _ variable: Variable, _ slab: Hyperslab, _ decoding: Decoding,
    _ body: (UnsafeBufferPointer<Float>, UnsafeBufferPointer<UInt8>) -> Result
  ) async throws(FileError) -> Result {
    guard slab.elementCount <= capacity else {
      throw FileError(
        .unsupported, path: file.header.path, subject: variable.path, "a part is larger than its buffer")
    }
    var strides = slab.count.map { _ in 1 }
    for axis in strides.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * slab.count[axis + 1]
    }
    try await file.read(
      variable, slab, decoding: decoding,
      into: unsafe FloatTarget(values: values, validity: validity, strides: strides))
    return unsafe body(
      UnsafeBufferPointer(start: values, count: slab.elementCount),
      UnsafeBufferPointer(start: validity, count: slab.elementCount))
  }
}
