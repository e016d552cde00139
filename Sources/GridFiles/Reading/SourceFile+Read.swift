import Basics
import Kernels

extension SourceFile {
  /// Reads a part of a numeric variable, decoded, into the caller's memory. Chunks are decoded by `workers`
  /// tasks at a time.
  /// - Throws: `FileError`: `unsupported` for types that are no numbers and for filters that cannot be undone,
  ///   `refused` for a part outside of the variable, `damaged`, `inputOutput`.
  public func read(
    _ variable: Variable, _ slab: Hyperslab, decoding: Decoding, into target: FloatTarget, workers: Int = 1
  ) async throws(FileError) {
    guard target.strides.count == slab.count.count else {
      throw FileError(.refused, path: header.path, subject: variable.path, "the target has another rank")
    }
    guard decoding.missing.count <= Int(ISOTACH_MAX_MISSING) else {
      throw FileError(
        .unsupported, path: header.path, subject: variable.path,
        "\(decoding.missing.count) missing values; at most \(ISOTACH_MAX_MISSING) are known here")
    }
    guard decoding.scale.isFinite, decoding.offset.isFinite, let kernel = decoding.kernel(variable.type),
      let size = variable.type.size
    else {
      throw FileError(
        .unsupported, path: header.path, subject: variable.path,
        decoding.scale.isFinite && decoding.offset.isFinite
          ? "its type is \(variable.type.name), not a number" : "scale_factor or add_offset is not finite")
    }
    let sink = Sink(kind: .floats(target, kernel), size: size, strides: target.strides)
    try await read(variable, slab, into: sink, workers: workers)
  }

  /// The largest part that is read into an array of its own.
  static let maximumArrayBytes = 2 << 30

  /// The elements as bytes in this machine's order, for comparisons bit by bit; fields of compounds in the
  /// order that they have in the file.
  /// - Throws: as `read`; `refused` above 2 GiB.
  public func readBytes(_ variable: Variable, _ slab: Hyperslab? = nil) async throws(FileError) -> [UInt8] {
    let slab = slab ?? Hyperslab(all: variable.extents)
    guard let size = variable.type.size else {
      throw FileError(
        .unsupported, path: header.path, subject: variable.path,
        "elements of type \(variable.type.name) have no fixed size")
    }
    guard let bytes = checkedProduct(slab.count + [size]), bytes <= SourceFile.maximumArrayBytes else {
      throw FileError(
        .refused, path: header.path, subject: variable.path,
        "\(slab.count) elements are more than 2 GiB", remedy: "read it in parts")
    }
    let strides = LinearRead.strides(slab.count, 1)
    guard let buffer = ScratchBuffer(max(1, bytes)) else {
      throw FileError(.inputOutput, path: header.path, subject: variable.path, "no memory for \(bytes) bytes")
    }
    let sink = unsafe Sink(kind: .bytes(buffer.base), size: size, strides: strides)
    try await read(variable, slab, into: sink, workers: 1)
    return unsafe Array(UnsafeBufferPointer(start: buffer.base, count: bytes))
  }

  /// The numbers of a variable (coordinates, bounds) as stored, as Double, in the file's dimension order.
  /// `_FillValue` and packing are not applied. Integers beyond 2^53 are rounded.
  /// - Throws: as `read`; `refused` above 2 GiB.
  public func readDoubles(_ variable: Variable, _ slab: Hyperslab? = nil) async throws(FileError) -> [Double]
  {
    let bytes = try await readBytes(variable, slab)
    guard let numbers = Numbers.doubles(bytes, variable.type) else {
      throw FileError(
        .unsupported, path: header.path, subject: variable.path,
        "its type is \(variable.type.name), not a number")
    }
    return numbers
  }

  // MARK: Routes

  private func check(_ variable: Variable, _ slab: Hyperslab) throws(FileError) {
    let rank = variable.dimensions.count
    guard slab.start.count == rank, slab.count.count == rank, slab.stride.count == rank else {
      throw FileError(
        .refused, path: header.path, subject: variable.path,
        "a part with \(slab.count.count) dimensions was asked for, the variable has \(rank)")
    }
    for (axis, dimension) in variable.dimensions.enumerated() {
      let (start, count, stride) = (slab.start[axis], slab.count[axis], slab.stride[axis])
      let (steps, overflow) = max(0, count - 1).multipliedReportingOverflow(by: stride)
      let (last, overflow2) = start.addingReportingOverflow(steps)
      guard start >= 0, count >= 0, stride >= 1, !overflow, !overflow2,
        count == 0 || last < dimension.length
      else {
        throw FileError(
          .refused, path: header.path, subject: variable.path,
          "from \(start), \(count) with step \(stride) is outside of dimension \(dimension.name)"
            + " (length \(dimension.length))")
      }
    }
  }

  func read(
    _ variable: Variable, _ slab: Hyperslab, into sink: Sink, workers: Int
  ) async throws(FileError) {
    try check(variable, slab)
    guard slab.count.allSatisfy({ $0 > 0 }) else { return }
    switch backing {
    case .classic(let classic, let library):
      guard let place = classic.places[variable.path] else { throw unknown(variable) }
      if let library {
        try await readClassic(library, variable, slab, sink)
        return
      }
      var strides = LinearRead.strides(variable.extents, place.elementSize)
      if place.isRecord, !strides.isEmpty { strides[0] = classic.recordSize }
      let linear = LinearRead(
        file: raw, subject: variable.path, offset: Int64(place.begin), elementSize: place.elementSize,
        swaps: place.elementSize > 1 && StoredType.machineIsLittle, byteStrides: strides)
      try await linear.read(slab, into: sink, workers: workers)
    case .hdf5(let file, let places):
      guard let place = places[variable.path] else { throw unknown(variable) }
      try await readHDF5(place.source ?? file, place, variable, slab, sink, workers)
    }
  }

  private func unknown(_ variable: Variable) -> FileError {
    FileError(.refused, path: header.path, subject: variable.path, "there is no such variable")
  }

  private func readClassic(
    _ library: ClassicLibraryFile, _ variable: Variable, _ slab: Hyperslab, _ sink: Sink
  ) async throws(FileError) {
    guard let buffer = ScratchBuffer(0) else { return }
    try await LibraryRead.pieces(slab, rows: LibraryRead.rows(slab, sink.size, nil)) {
      (piece, first) async throws(FileError) in
      try await library.piece(variable, piece, size: sink.size, buffer)
      LibraryRead.put(piece, at: first, buffer, swap: false, sink)
    }
  }

  private func readHDF5(
    _ file: HDF5File, _ place: HDF5Place, _ variable: Variable, _ whole: Hyperslab, _ sink: Sink,
    _ workers: Int
  ) async throws(FileError) {
    var slab = whole
    if place.extents != variable.extents {
      // Other variables on the unlimited dimension are longer: what lacks is fill.
      sink.fill(
        FillValues.element(variable, place), swap: place.type.swaps, slab.count, to: 0)
      for axis in slab.count.indices {
        let limit = place.extents[axis]
        slab.count[axis] =
          limit <= slab.start[axis]
          ? 0
          : min(slab.count[axis], (limit - slab.start[axis] - 1) / slab.stride[axis] + 1)
      }
      guard slab.count.allSatisfy({ $0 > 0 }) else { return }
    }
    if policy.route == .fast, place.externalPrefix == nil, !place.type.needsConversion,
      !place.type.hasPointers
    {
      switch place.layout {
      case .contiguous(let offset?) where place.filters.isEmpty:
        let linear = LinearRead(
          file: file.raw, subject: variable.path, offset: offset, elementSize: place.type.size,
          swaps: place.type.swaps, byteStrides: LinearRead.strides(place.extents, place.type.size))
        try await linear.read(slab, into: sink, workers: workers)
        return
      case .contiguous(nil):
        sink.fill(place.fill ?? [], swap: place.type.swaps, slab.count, to: 0)
        return
      case .chunked(let chunk) where ChunkRead.canDecode(place):
        let read = ChunkRead(file: file, place: place, chunk: chunk, subject: variable.path)
        try await read.read(slab, into: sink, workers: workers)
        return
      default: break
      }
    }
    try await readThroughLibrary(file, place, variable, slab, sink)
  }

  private func readThroughLibrary(
    _ file: HDF5File, _ place: HDF5Place, _ variable: Variable, _ slab: Hyperslab, _ sink: Sink
  ) async throws(FileError) {
    guard await file.canFilter(place) else {
      throw FilterNames.error(variable, path: header.path)
    }
    var chunk: [Int]?
    if case .chunked(let shape) = place.layout {
      chunk = shape
      let bytes = checkedProduct(shape + [place.type.size]) ?? .max
      guard bytes <= ChunkRead.maximumChunkBytes else {
        throw FileError(
          .refused, path: header.path, subject: variable.path,
          "its chunks have \(bytes) bytes, at most \(ChunkRead.maximumChunkBytes) are read",
          remedy: "rewrite the file with smaller chunks, for example `nccopy -c`")
      }
    }
    guard let buffer = ScratchBuffer(0) else { return }
    // `H5Dread` gives numbers in this machine's order, everything else as it is.
    let swap = place.type.swaps && !place.type.element.isNumeric
    try await LibraryRead.pieces(slab, rows: LibraryRead.rows(slab, sink.size, chunk)) {
      (piece, first) async throws(FileError) in
      try await file.piece(place, piece, size: sink.size, subject: variable.path, buffer)
      LibraryRead.put(piece, at: first, buffer, swap: swap, sink)
    }
  }

  /// Memory, beside the target, that `read` needs for a slab with that many workers, in bytes.
  public func scratchBytes(_ variable: Variable, _ slab: Hyperslab, workers: Int = 1) -> Int {
    let size = variable.type.size ?? 16
    switch backing {
    case .classic(_, let library):
      if library != nil { return LibraryRead.scratchBytes(slab, size, nil) }
      return workers * LinearRead.pieceBytes
    case .hdf5(_, let places):
      guard let place = places[variable.path] else { return 0 }
      switch place.layout {
      case .contiguous where policy.route == .fast && !place.type.needsConversion:
        return workers * LinearRead.pieceBytes
      case .chunked(let chunk):
        if policy.route == .fast, ChunkRead.canDecode(place) {
          return ChunkRead.scratchBytes(chunk, place, slab, workers: workers)
        }
        return LibraryRead.scratchBytes(slab, size, chunk)
      default: return LibraryRead.scratchBytes(slab, size, nil)
      }
    }
  }
}

extension FilterNames {
  static func error(_ variable: Variable, path: String) -> FileError {
    let names = variable.filters.compactMap { filter in
      if case .other(let id, let name) = filter { "\(name) (HDF5 filter \(id))" } else { nil }
    }
    return FileError(
      .unsupported, path: path, subject: variable.path,
      "it is compressed with \(names.joined(separator: ", ")), which cannot be undone here",
      remedy: "rewrite it with deflate, for example with `h5repack -f GZIP=4`")
  }
}

/// What netCDF gives for elements that were never written.
enum FillValues {
  /// One element, as it would stand in the file.
  static func element(_ variable: Variable, _ place: HDF5Place) -> [UInt8] {
    let native: [UInt8]
    switch variable.attributes["_FillValue"]?.value {
    case .int8(let v) where v.count == 1: native = bytes(v)
    case .uint8(let v) where v.count == 1: native = bytes(v)
    case .int16(let v) where v.count == 1: native = bytes(v)
    case .uint16(let v) where v.count == 1: native = bytes(v)
    case .int32(let v) where v.count == 1: native = bytes(v)
    case .uint32(let v) where v.count == 1: native = bytes(v)
    case .int64(let v) where v.count == 1: native = bytes(v)
    case .uint64(let v) where v.count == 1: native = bytes(v)
    case .float32(let v) where v.count == 1: native = bytes(v.map(\.bitPattern))
    case .float64(let v) where v.count == 1: native = bytes(v.map(\.bitPattern))
    default: native = standard(variable.type)
    }
    let size = place.type.needsConversion ? variable.type.size ?? 0 : place.type.size
    guard native.count == size else { return place.fill ?? [] }
    return place.type.swaps ? native.reversed() : native
  }

  private static func bytes(_ values: [some FixedWidthInteger]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value) { unsafe Array($0) } }
  }

  /// netCDF's `NC_FILL_...` values.
  static func standard(_ type: ElementType) -> [UInt8] {
    switch type {
    case .int8: bytes([Int8(-127)])
    case .uint8: bytes([UInt8(255)])
    case .char: [0]
    case .int16: bytes([Int16(-32767)])
    case .uint16: bytes([UInt16(65535)])
    case .int32: bytes([Int32(-2_147_483_647)])
    case .uint32: bytes([UInt32.max])
    case .int64: bytes([Int64(-9_223_372_036_854_775_806)])
    case .uint64: bytes([UInt64(18_446_744_073_709_551_614)])
    case .float32: bytes([Float(9.9692099683868690e+36).bitPattern])
    case .float64: bytes([Double(9.9692099683868690e+36).bitPattern])
    default: []
    }
  }
}
