import Basics
import CDeflate
import CHDF5
import Kernels

/// Reads of chunked HDF5 datasets: the lane fetches chunks as they are stored, workers check, inflate,
/// unshuffle and decode them into the target.
struct ChunkRead: Sendable {
  let file: HDF5File
  let place: HDF5Place
  let chunk: [Int]
  let subject: String

  static let batchBytes = 1 << 20
  static let batchChunks = 256
  static let maximumChunkBytes = 1 << 30

  var path: String { file.raw.path }
  var chunkElements: Int { chunk.reduce(1, *) }
  var chunkBytes: Int { chunkElements * place.type.size }

  /// True when our own code can undo every filter, and the sizes between them are known beforehand.
  static func canDecode(_ place: HDF5Place) -> Bool {
    place.filters.allSatisfy { [1, 2, 3].contains($0.id) }
      && place.filters.count(where: { $0.id == 1 }) <= 1
      && !place.type.hasPointers && !place.type.needsConversion
  }

  static func scratchBytes(_ chunk: [Int], _ place: HDF5Place, _ slab: Hyperslab, workers: Int) -> Int {
    let bytes = min(checkedProduct(chunk + [place.type.size]) ?? .max, maximumChunkBytes)
    // No more are in memory than the slab touches.
    let chunks = touched(chunk, slab)
    let batches = min(workers + 1, chunks)
    return batches * (max(min(batchBytes, chunks * bytes), bytes) + bytes) + min(workers, chunks) * 2 * bytes
  }

  /// How many chunks a slab lies in, counted up to 4096.
  private static func touched(_ chunk: [Int], _ slab: Hyperslab) -> Int {
    var chunks = 1
    for (axis, extent) in chunk.enumerated() where extent > 0 && axis < slab.count.count {
      let last = (slab.count[axis] - 1).multipliedReportingOverflow(by: slab.stride[axis])
      let end = slab.start[axis].addingReportingOverflow(last.partialValue)
      guard !last.overflow, !end.overflow, end.partialValue >= slab.start[axis] else { return 4096 }
      let (product, overflow) = chunks.multipliedReportingOverflow(
        by: end.partialValue / extent - slab.start[axis] / extent + 1)
      if overflow || product > 4096 { return 4096 }
      chunks = product
    }
    return chunks
  }

  /// A chunk as it stands in the file.
  fileprivate struct Stored: Sendable {
    /// Its number in each dimension.
    let index: [Int]
    let offset: Int
    let size: Int
    let mask: UInt32
    /// False when it was never written.
    let exists: Bool
  }

  fileprivate struct Batch: Sendable {
    let chunks: [Stored]
    let buffer: ScratchBuffer
  }

  /// The chunks that a slab touches, one after another in the file's order.
  fileprivate struct Cursor: Sendable {
    let first: [Int]
    let last: [Int]
    var index: [Int]
    var isDone = false

    init(_ slab: Hyperslab, _ chunk: [Int]) {
      first = chunk.indices.map { slab.start[$0] / chunk[$0] }
      last = chunk.indices.map { (slab.start[$0] + (slab.count[$0] - 1) * slab.stride[$0]) / chunk[$0] }
      index = first
    }

    mutating func advance() {
      for axis in stride(from: index.count - 1, through: 0, by: -1) {
        index[axis] += 1
        if index[axis] <= last[axis] { return }
        index[axis] = first[axis]
      }
      isDone = true
    }
  }

  func read(_ slab: Hyperslab, into sink: Sink, workers: Int) async throws(FileError) {
    guard chunkBytes <= ChunkRead.maximumChunkBytes else {
      throw FileError(
        .refused, path: path, subject: subject,
        "its chunks have \(chunkBytes) bytes, at most \(ChunkRead.maximumChunkBytes) are read",
        remedy: "rewrite the file with smaller chunks, for example `nccopy -c`")
    }
    var cursor = Cursor(slab, chunk)
    let first = try await fetch(slab, &cursor, nil)
    if cursor.isDone {
      try decode(first, slab, sink)
      return
    }
    // While the lane fetches the next batch, up to `workers` batches are decoded.
    let failure: FileError? = await withTaskGroup(of: Result<ScratchBuffer, FileError>.self) { group in
      var free: [ScratchBuffer] = []
      var batch = first
      var running = 0
      while true {
        let current = batch
        group.addTask {
          do throws(FileError) { try decode(current, slab, sink) } catch { return .failure(error) }
          return .success(current.buffer)
        }
        running += 1
        if cursor.isDone { break }
        do throws(FileError) {
          batch = try await fetch(slab, &cursor, free.popLast())
        } catch { return error }
        if running >= max(1, workers) {
          switch await group.next() {
          case .success(let buffer): free.append(buffer)
          case .failure(let error): return error
          case .none: break
          }
          running -= 1
        }
      }
      for await result in group {
        if case .failure(let error) = result { return error }
      }
      return nil
    }
    if let failure { throw failure }
  }

  /// How many indices of the slab are in a chunk along one dimension, and which is the first.
  private func part(_ slab: Hyperslab, _ axis: Int, _ index: Int) -> (first: Int, count: Int) {
    let low = index * chunk[axis]
    let high = min(low + chunk[axis], place.extents[axis])
    func indices(below limit: Int) -> Int {
      limit <= slab.start[axis]
        ? 0 : min(slab.count[axis], (limit - slab.start[axis] + slab.stride[axis] - 1) / slab.stride[axis])
    }
    let first = indices(below: low)
    return (first, indices(below: high) - first)
  }

  // MARK: On the lane

  @IOLane fileprivate func fetch(
    _ slab: Hyperslab, _ cursor: inout Cursor, _ reuse: ScratchBuffer?
  ) throws(FileError) -> Batch {
    let dataset = try file.dataset(place, subject: subject)
    let guess = min(chunkBytes + 64, ChunkRead.batchBytes)
    guard let buffer = reuse ?? ScratchBuffer(guess) else { throw noMemory(guess) }
    var chunks: [Stored] = []
    var used = 0
    while !cursor.isDone, used < ChunkRead.batchBytes, chunks.count < ChunkRead.batchChunks {
      let index = cursor.index
      cursor.advance()
      // A stride can be longer than a chunk.
      guard index.indices.allSatisfy({ part(slab, $0, index[$0]).count > 0 }) else { continue }
      let origin = zip(index, chunk).map { hsize_t($0 * $1) }
      guard let size = try storedSize(dataset, origin) else {
        chunks.append(Stored(index: index, offset: 0, size: 0, mask: 0, exists: false))
        continue
      }
      // Deflate makes what it cannot compress a little larger; checksums add four bytes each.
      guard size <= chunkBytes + chunkBytes / 64 + 1024 else {
        throw FileError(
          .damaged, path: path, subject: subject,
          "the chunk at \(origin) takes \(size) bytes in the file, of \(chunkBytes) that it holds")
      }
      guard buffer.reserve(used + size, keeping: used) else { throw noMemory(used + size) }
      var mask: UInt32 = 0
      let status = unsafe H5Dread_chunk(dataset, isotach_H5P_DEFAULT(), origin, &mask, buffer.base + used)
      guard status >= 0 else {
        throw FileError(
          .damaged, path: path, subject: subject,
          "the chunk at \(origin) cannot be read: \(HDF5Library.cause())")
      }
      chunks.append(Stored(index: index, offset: used, size: size, mask: mask, exists: true))
      used += size
    }
    return Batch(chunks: chunks, buffer: buffer)
  }

  /// Bytes of a chunk in the file; nil when it was never written.
  @IOLane private func storedSize(_ dataset: hid_t, _ origin: [hsize_t]) throws(FileError) -> Int? {
    var size: hsize_t = 0
    if unsafe H5Dget_chunk_storage_size(dataset, origin, &size) >= 0 {
      return size == 0 ? nil : try checkedSize(size)
    }
    H5Eclear2(hid_t(H5E_DEFAULT))
    // That call fails both for a chunk that is not there and for a broken index; this one, slower, tells.
    var mask: UInt32 = 0
    var address = haddr_t(0)
    guard unsafe H5Dget_chunk_info_by_coord(dataset, origin, &mask, &address, &size) >= 0 else {
      throw FileError(
        .damaged, path: path, subject: subject,
        "the index of its chunks cannot be read at \(origin): \(HDF5Library.cause())")
    }
    return address == isotach_HADDR_UNDEF() || size == 0 ? nil : try checkedSize(size)
  }

  private func checkedSize(_ size: hsize_t) throws(FileError) -> Int {
    guard let count = Int(exactly: size), Int64(count) <= file.raw.size else {
      throw FileError(
        .damaged, path: path, subject: subject, "a chunk takes \(size) bytes, the file has \(file.raw.size)")
    }
    return count
  }

  private func noMemory(_ bytes: Int) -> FileError {
    FileError(.inputOutput, path: path, subject: subject, "no memory for \(bytes) bytes")
  }

  // MARK: On a worker

  private func decode(_ batch: Batch, _ slab: Hyperslab, _ sink: Sink) throws(FileError) {
    var decoder = ChunkDecoder(read: self)
    for stored in batch.chunks {
      var axes: [CopyAxis] = []
      var (from, to) = (0, 0)
      var step = chunkElements
      for axis in chunk.indices {
        step /= chunk[axis]
        let (first, count) = part(slab, axis, stored.index[axis])
        axes.append(CopyAxis(count: count, from: step * slab.stride[axis], to: sink.strides[axis]))
        let inside = slab.start[axis] + first * slab.stride[axis] - stored.index[axis] * chunk[axis]
        from += inside * step
        to += first * sink.strides[axis]
      }
      guard stored.exists else {
        sink.fill(place.fill ?? [], swap: place.type.swaps, axes.map(\.count), to: to)
        continue
      }
      let source = unsafe try decoder.source(
        batch.buffer.base + stored.offset, stored.size, stored.mask,
        keepsShuffled: sink.acceptsShuffled(axes),
        origin: zip(stored.index, chunk).map { $0 * $1 })
      sink.put(source, at: from, axes, to: to)
    }
  }
}

/// Undoes the filters of chunks, one chunk after another.
private struct ChunkDecoder: ~Copyable {
  let read: ChunkRead
  private var inflated: ScratchBuffer?
  private var plain: ScratchBuffer?
  private var decompressor: OpaquePointer?

  init(read: ChunkRead) { self.read = read }
  deinit { if let decompressor = unsafe decompressor { unsafe libdeflate_free_decompressor(decompressor) } }

  private func damaged(_ origin: [Int], _ cause: String) -> FileError {
    FileError(.damaged, path: read.path, subject: read.subject, "the chunk at \(origin): \(cause)")
  }

  private static func room(
    _ buffer: inout ScratchBuffer?, _ count: Int, _ read: ChunkRead
  ) throws(FileError) -> UnsafeMutablePointer<UInt8> {
    if let buffer, buffer.capacity >= count { return unsafe buffer.base }
    guard let new = ScratchBuffer(count) else {
      throw FileError(
        .inputOutput, path: read.path, subject: read.subject, "no memory for \(count) bytes")
    }
    buffer = new
    return unsafe new.base
  }

  /// - Parameter keepsShuffled: leave the last step, unshuffling, to the kernel that decodes.
  mutating func source(
    _ stored: UnsafeMutablePointer<UInt8>, _ size: Int, _ mask: UInt32, keepsShuffled: Bool, origin: [Int]
  ) throws(FileError) -> Sink.Source {
    let filters = read.place.filters
    let elementSize = read.place.type.size
    let swap = read.place.type.swaps
    var bytes = unsafe UnsafePointer(stored)
    var count = size
    for (number, filter) in filters.enumerated().reversed() {
      // A bit of the mask says that the filter was left out for this chunk.
      if number < 32, mask & (1 << UInt32(number)) != 0 { continue }
      switch filter.id {
      case 3:
        guard count >= 4 else { throw damaged(origin, "too short for its checksum") }
        count -= 4
        try unsafe checksum(bytes, count, origin)
      case 1:
        let sums = filters[..<number].enumerated().count(where: {
          $0.element.id == 3 && mask & (1 << UInt32($0.offset)) == 0
        })
        let expected = read.chunkBytes + 4 * sums
        let memory = try unsafe ChunkDecoder.room(&inflated, expected, read)
        try unsafe inflate(bytes, count, memory, expected, origin)
        (bytes, count) = unsafe (UnsafePointer(memory), expected)
      default:
        let width = filter.values.first.map { Int($0) } ?? elementSize
        guard width > 1, count >= width else { continue }
        let total = count / width
        if keepsShuffled, number == 0, width == elementSize, count == read.chunkBytes {
          return unsafe .shuffled(bytes, total: total, swap: swap)
        }
        let memory = try unsafe ChunkDecoder.room(&plain, count, read)
        unsafe isotach_unshuffle(bytes, total, 0, total, width, memory)
        // Bytes that make no whole element stay where they are, at the end.
        let rest = total * width
        unsafe (memory + rest).update(from: bytes + rest, count: count - rest)
        unsafe bytes = UnsafePointer(memory)
      }
    }
    guard count == read.chunkBytes else {
      throw damaged(origin, "it holds \(count) bytes, expected \(read.chunkBytes)")
    }
    return unsafe .plain(bytes, swap: swap)
  }

  private func checksum(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ origin: [Int]
  ) throws(FileError) {
    let found = (0..<4).reduce(UInt32(0)) { unsafe $0 | UInt32(bytes[count + $1]) << UInt32(8 * $1) }
    let sum = unsafe isotach_fletcher32(bytes, count)
    // HDF5 before 1.6.3 stored the two halves with their bytes exchanged on little-endian machines.
    let old = (sum & 0x00FF_00FF) << 8 | (sum >> 8) & 0x00FF_00FF
    guard found == sum || found == old else {
      throw damaged(origin, "its checksum (fletcher32) is not right")
    }
  }

  private mutating func inflate(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, _ memory: UnsafeMutablePointer<UInt8>, _ expected: Int,
    _ origin: [Int]
  ) throws(FileError) {
    if unsafe decompressor == nil { unsafe decompressor = libdeflate_alloc_decompressor() }
    guard let decompressor = unsafe decompressor else {
      throw FileError(.inputOutput, path: read.path, subject: read.subject, "no memory to inflate")
    }
    var used = 0
    var made = 0
    let result = unsafe libdeflate_zlib_decompress_ex(
      decompressor, bytes, count, memory, expected, &used, &made)
    switch result {
    case LIBDEFLATE_SUCCESS where made == expected: return
    case LIBDEFLATE_SUCCESS:
      throw damaged(origin, "it inflates to \(made) bytes, expected \(expected)")
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      throw damaged(origin, "it inflates to more than the \(expected) bytes that it may hold")
    default: throw damaged(origin, "its compressed data are damaged")
    }
  }
}
