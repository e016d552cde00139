import Basics
import CHDF5

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The hidden command `__walk`: visits everything in an HDF5 file that a reader will visit later, in a process
/// of its own, because one flipped bit can make the HDF5 library crash, hang or eat the memory.
package enum FileWalk {
  /// The hidden command's name.
  package static let command = "__walk"

  /// - Parameter arguments: path, bytes of address space, seconds of processor time, seconds by the clock, `fast` or
  ///   `library`, allowed folders.
  /// - Returns: 0 when the file is in order, 1 after one line on standard output that tells what is wrong.
  package static func main(arguments: [String]) -> Int32 {
    guard arguments.count >= 5, let memory = Int(arguments[1]), let seconds = Int(arguments[2]),
      let patience = Int(arguments[3]), memory > 0, seconds > 0, patience > 0
    else { return 64 }
    limit(memory: memory, seconds: seconds, patience: patience)
    var policy = ReadPolicy()
    policy.route = arguments[4] == "library" ? .library : .fast
    policy.externalFolders = Array(arguments.dropFirst(5))
    let path = arguments[0]
    // The work is done on the lane; this thread only waits, and the lane's end is the process's.
    let chosen = policy
    Task { @IOLane in
      do throws(FileError) {
        try visit(RawFile(path), chosen)
        // Not `exit`: at its end the HDF5 library may crash over what is still open.
        _exit(0)
      } catch {
        print(Report.line(error))
        fflush(nil)
        _exit(1)
      }
    }
    while true { pause() }
  }

  /// Failure as one line between processes.
  enum Report {
    private static let kinds: [(String, FileError.Kind)] = [
      ("missing", .missing), ("damaged", .damaged), ("unsupported", .unsupported), ("refused", .refused),
      ("changed", .changed), ("inputOutput", .inputOutput),
    ]

    static func line(_ error: FileError) -> String {
      let kind = kinds.first { $0.1 == error.kind }?.0 ?? "damaged"
      let fields = [kind, error.subject ?? "", error.cause, error.remedy ?? ""]
      return fields.map { String($0.map { $0.isNewline || $0 == "\u{1F}" ? " " : $0 }) }
        .joined(separator: "\u{1F}")
    }

    static func error(_ line: String, path: String) -> FileError? {
      let fields = line.split(separator: "\u{1F}", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 4, let kind = kinds.first(where: { $0.0 == fields[0] })?.1 else { return nil }
      return FileError(
        kind, path: path, subject: fields[1].isEmpty ? nil : fields[1], fields[2],
        remedy: fields[3].isEmpty ? nil : fields[3])
    }
  }

  private static func limit(memory: Int, seconds: Int, patience: Int) {
    func set(_ resource: __rlimit_resource, _ value: Int, hard: Int? = nil) {
      var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(hard ?? value))
      unsafe setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
    }
    set(RLIMIT_AS, memory)
    // The soft limit ends with SIGXCPU, which tells why; the hard one with SIGKILL.
    set(RLIMIT_CPU, seconds, hard: seconds > .max - 5 ? .max : seconds + 5)
    set(RLIMIT_CORE, 0)
    set(RLIMIT_FSIZE, 1 << 20)
    // When the parent is gone, nobody else ends this.
    alarm(UInt32(clamping: patience))
  }

  // MARK: The visit

  static let maximumGridVisited = 50_000
  /// Of one variable that the HDF5 library will read itself.
  static let maximumBytesRead = 64 << 20
  static let maximumChunksVisited = 128

  @IOLane private static func visit(_ raw: RawFile, _ policy: ReadPolicy) throws(FileError) {
    let source = try SourceFile.openHDF5(raw, policy)
    guard case .hdf5(let file, let places) = source.backing else { return }
    var budget = maximumGridVisited
    for variable in source.header.allVariables {
      guard let place = places[variable.path] else { continue }
      let file = place.source ?? file
      if case .chunked(let chunk) = place.layout {
        try chunks(file, place, chunk, variable.path, &budget)
      }
      if needsLibrary(place, policy), file.canFilter(place) { try data(file, place, variable) }
    }
  }

  /// True for what the parent will read with `H5Dread`, not with our own code.
  @IOLane private static func needsLibrary(_ place: HDF5Place, _ policy: ReadPolicy) -> Bool {
    if policy.route == .library || place.type.hasPointers || place.type.needsConversion { return true }
    switch place.layout {
    case .compact: return true
    case .contiguous: return place.externalPrefix != nil || !place.filters.isEmpty
    case .chunked: return !ChunkRead.canDecode(place)
    }
  }

  /// The table of a dataset's chunks, as far as time allows, and their sizes.
  @IOLane private static func chunks(
    _ file: HDF5File, _ place: HDF5Place, _ chunk: [Int], _ subject: String, _ budget: inout Int
  ) throws(FileError) {
    func damaged(_ cause: String) -> FileError {
      FileError(.damaged, path: file.raw.path, subject: subject, cause)
    }
    let dataset = try file.dataset(place, subject: subject)
    guard let space = HDF5Handle(H5Dget_space(dataset)) else { throw damaged(HDF5Library.cause()) }
    // This goes through the whole index.
    var count: hsize_t = 0
    guard unsafe H5Dget_num_chunks(dataset, space.id, &count) >= 0 else {
      throw damaged("the index of its chunks cannot be read: \(HDF5Library.cause())")
    }
    let grid = zip(place.extents, chunk).map { ($0 + $1 - 1) / $1 }
    let total = checkedProduct(grid) ?? .max
    guard count <= hsize_t(total) else { throw damaged("it has \(count) chunks, expected at most \(total)") }
    let bytes = checkedProduct(chunk + [place.type.size]) ?? .max
    let largest = bytes.addingReportingOverflow(bytes / 64 + 1024).partialValue
    func check(_ size: hsize_t, _ origin: [hsize_t]) throws(FileError) {
      guard size <= hsize_t(max(0, file.raw.size)) else {
        throw damaged("the chunk at \(origin) takes \(size) bytes, the file has \(file.raw.size)")
      }
      if ChunkRead.canDecode(place), largest > 0, size > hsize_t(largest) {
        throw damaged("the chunk at \(origin) takes \(size) bytes in the file, of \(bytes) that it holds")
      }
    }
    // Each of these calls goes through the index from its beginning: not too many of them.
    for index in 0..<min(count, hsize_t(maximumChunksVisited)) {
      var origin = [hsize_t](repeating: 0, count: chunk.count)
      var mask: UInt32 = 0
      var address: haddr_t = 0
      var size: hsize_t = 0
      guard unsafe H5Dget_chunk_info(dataset, space.id, index, &origin, &mask, &address, &size) >= 0 else {
        throw damaged("its chunk \(index) cannot be found: \(HDF5Library.cause())")
      }
      try check(size, origin)
      let (end, overflow) = UInt64(address).addingReportingOverflow(UInt64(size))
      guard !overflow, end <= UInt64(max(0, file.raw.size)) else {
        throw damaged(
          "the chunk at \(origin) ends at byte \(overflow ? .max : end), the file has \(file.raw.size)")
      }
      for axis in chunk.indices where origin[axis] % hsize_t(chunk[axis]) != 0 {
        throw damaged("a chunk begins at \(origin), where none can")
      }
    }
    // Each look-up costs little, but a file can have millions of chunks.
    let visited = min(total, budget)
    budget -= visited
    for number in 0..<visited {
      var rest = number
      var origin = [hsize_t](repeating: 0, count: chunk.count)
      for axis in chunk.indices.reversed() {
        origin[axis] = hsize_t(rest % grid[axis] * chunk[axis])
        rest /= grid[axis]
      }
      var size: hsize_t = 0
      if unsafe H5Dget_chunk_storage_size(dataset, origin, &size) >= 0 { try check(size, origin) }
    }
    H5Eclear2(hid_t(H5E_DEFAULT))
  }

  /// The data, piece by piece, as the parent may read them: all, or the beginning of large ones.
  @IOLane private static func data(
    _ file: HDF5File, _ place: HDF5Place, _ variable: Variable
  ) throws(FileError) {
    let size = max(1, variable.type.size ?? place.type.size)
    var chunk: [Int]?
    if case .chunked(let shape) = place.layout {
      chunk = shape
      guard (checkedProduct(shape + [place.type.size]) ?? .max) <= ChunkRead.maximumChunkBytes else { return }
    }
    let leaves = CompoundLeaf.leaves(place.type).filter(\.isReadable)
    // Lists of any length are read by nobody.
    if place.type.hasPointers, variable.type != .string, leaves.isEmpty { return }
    let slab = Hyperslab(all: place.extents)
    guard slab.count.allSatisfy({ $0 > 0 }) else { return }
    let rows = LibraryRead.rows(slab, size, chunk)
    guard let buffer = ScratchBuffer(0) else { return }
    let row = max(size, slab.count.dropFirst().reduce(size, *))
    var done = 0
    repeat {
      var piece = slab
      if !slab.count.isEmpty {
        piece.start[0] = done
        piece.count[0] = min(rows, slab.count[0] - done)
      }
      if variable.type == .string {
        _ = try file.strings(place, piece, variable)
      } else if place.type.hasPointers {
        _ = try file.records(place, piece, leaves, subject: variable.path)
      } else {
        try file.piece(place, piece, size: size, subject: variable.path, buffer)
      }
      done += rows
    } while done < slab.count.first ?? 0 && done * row < maximumBytesRead
  }
}
