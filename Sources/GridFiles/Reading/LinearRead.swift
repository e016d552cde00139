import Basics

/// Reads of data that lie in the file as in memory (classic files, contiguous HDF5 datasets): `pread` of
/// pieces, which are turned into the target's form while they are in the cache.
struct LinearRead: Sendable {
  let file: RawFile
  let subject: String
  /// Where element (0, 0, ...) is.
  let offset: Int64
  let elementSize: Int
  let swaps: Bool
  /// Bytes from one index to the next, for each dimension.
  let byteStrides: [Int]

  static let pieceBytes = 1 << 20

  /// Strides of data without gaps.
  static func strides(_ extents: [Int], _ size: Int) -> [Int] {
    var strides = [Int](repeating: size, count: extents.count)
    for axis in stride(from: extents.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * max(1, extents[axis + 1])
    }
    return strides
  }

  /// Memory that one worker needs.
  static func scratchBytes(_ slab: Hyperslab, _ byteStrides: [Int], _ size: Int) -> Int {
    max(pieceBytes, size) + size
  }

  /// How a slab is cut: the first `outer` dimensions are looped over, of the next one `part` indices go into
  /// one piece with all that is inside.
  private struct Cut {
    let outer: Int
    let part: Int
    let parts: Int
    let pieces: Int
  }

  private func cut(_ slab: Hyperslab) -> Cut {
    let rank = slab.count.count
    // Bytes from the first to past the last element of the dimensions from `axis` on.
    var span = elementSize
    var useful = elementSize
    var axis = rank
    while axis > 0 {
      let next = axis - 1
      let step = slab.stride[next] * byteStrides[next]
      // Offsets in a piece are counted in elements.
      guard step % elementSize == 0 else { break }
      let wider = (slab.count[next] - 1) * step + span
      let wanted = useful * slab.count[next]
      guard wider <= LinearRead.pieceBytes, wider / 64 <= wanted else { break }
      (span, useful, axis) = (wider, wanted, next)
    }
    guard axis > 0 else { return Cut(outer: 0, part: slab.count.first ?? 1, parts: 1, pieces: 1) }
    // The dimension that does not fit whole is cut into parts.
    let split = axis - 1
    let step = slab.stride[split] * byteStrides[split]
    var part = 1
    if step % elementSize == 0, step / 64 <= useful {
      part = min(slab.count[split], max(1, (LinearRead.pieceBytes - span) / step + 1))
    }
    let parts = (slab.count[split] + part - 1) / part
    let outer = slab.count[..<split].reduce(1, *)
    return Cut(outer: split, part: part, parts: parts, pieces: outer * parts)
  }

  func read(_ slab: Hyperslab, into sink: Sink, workers: Int) async throws(FileError) {
    let cut = cut(slab)
    let tasks = max(1, min(workers, cut.pieces))
    if tasks == 1 {
      try run(slab, cut, 0..<cut.pieces, sink)
      return
    }
    let failure = await withTaskGroup(of: FileError?.self) { group in
      for task in 0..<tasks {
        let range = (cut.pieces * task / tasks)..<(cut.pieces * (task + 1) / tasks)
        group.addTask {
          do throws(FileError) { try run(slab, cut, range, sink) } catch { return error }
          return nil
        }
      }
      var first: FileError?
      for await error in group where first == nil { first = error }
      return first
    }
    if let failure { throw failure }
  }

  private func run(_ slab: Hyperslab, _ cut: Cut, _ pieces: Range<Int>, _ sink: Sink) throws(FileError) {
    guard let buffer = ScratchBuffer(LinearRead.pieceBytes) else { throw noMemory(LinearRead.pieceBytes) }
    let rank = slab.count.count
    for piece in pieces {
      // The indices of the outer dimensions, from the number of the piece.
      var number = piece / cut.parts
      var origin = offset
      var to = 0
      for axis in stride(from: cut.outer - 1, through: 0, by: -1) {
        let index = number % slab.count[axis]
        number /= slab.count[axis]
        origin += Int64((slab.start[axis] + index * slab.stride[axis]) * byteStrides[axis])
        to += index * sink.strides[axis]
      }
      var axes: [CopyAxis] = []
      var span = elementSize
      for axis in cut.outer..<max(cut.outer, rank) {
        var (first, count) = (0, slab.count[axis])
        if axis == cut.outer {
          first = (piece % cut.parts) * cut.part
          count = min(cut.part, slab.count[axis] - first)
        }
        let step = slab.stride[axis] * byteStrides[axis]
        origin += Int64((slab.start[axis] + first * slab.stride[axis]) * byteStrides[axis])
        to += first * sink.strides[axis]
        span += (count - 1) * step
        axes.append(CopyAxis(count: count, from: step / elementSize, to: sink.strides[axis]))
      }
      guard buffer.reserve(span) else { throw noMemory(span) }
      try unsafe file.read(at: origin, count: span, into: buffer.base, subject: subject)
      unsafe sink.put(.plain(buffer.base, swap: swaps), at: 0, axes, to: to)
    }
  }

  private func noMemory(_ bytes: Int) -> FileError {
    FileError(.inputOutput, path: file.path, subject: subject, "no memory for \(bytes) bytes")
  }
}
