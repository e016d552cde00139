import Basics
import CHDF5
import CNetCDF

/// The plain library route: `H5Dread` for HDF5, `nc_get_vars` for classic files, piece by piece into memory
/// and from there into the target. Gives the same bytes as our own reading.
struct LibraryRead: Sendable {
  static let pieceBytes = 8 << 20

  /// How many indices of the first dimension go into one piece: whole chunks where there are some.
  static func rows(_ slab: Hyperslab, _ size: Int, _ chunk: [Int]?) -> Int {
    guard let first = slab.count.first else { return 1 }
    let row = max(1, slab.count.dropFirst().reduce(size, *))
    let rows = max(1, pieceBytes / row)
    guard let length = chunk?.first else { return min(first, rows) }
    return min(first, max(1, rows / length) * length)
  }

  static func scratchBytes(_ slab: Hyperslab, _ size: Int, _ chunk: [Int]?) -> Int {
    let row = checkedProduct(Array(slab.count.dropFirst()) + [size]) ?? .max / 4
    return checkedProduct([rows(slab, size, chunk), row]) ?? .max / 4
  }

  /// Cuts a slab along its first dimension; `body` gets each piece and where in the slab it begins.
  static func pieces(
    _ slab: Hyperslab, rows: Int, _ body: (Hyperslab, Int) async throws(FileError) -> Void
  ) async throws(FileError) {
    guard let total = slab.count.first else {
      try await body(slab, 0)
      return
    }
    var done = 0
    while done < total {
      var piece = slab
      piece.start[0] += done * slab.stride[0]
      piece.count[0] = min(rows, total - done)
      try await body(piece, done)
      done += piece.count[0]
    }
  }

  /// Puts a piece that is in memory without gaps into its place.
  static func put(_ piece: Hyperslab, at first: Int, _ buffer: ScratchBuffer, swap: Bool, _ sink: Sink) {
    var axes: [CopyAxis] = []
    var step = 1
    for axis in piece.count.indices.reversed() {
      axes.insert(CopyAxis(count: piece.count[axis], from: step, to: sink.strides[axis]), at: 0)
      step *= piece.count[axis]
    }
    unsafe sink.put(.plain(buffer.base, swap: swap), at: 0, axes, to: first * (sink.strides.first ?? 0))
  }
}

extension HDF5File {
  /// Reads a slab with `H5Dread` into memory without gaps: numbers in this machine's order, everything else
  /// as it stands in the file.
  func read(
    _ place: HDF5Place, _ slab: Hyperslab, subject: String, into memory: UnsafeMutableRawPointer
  ) throws(FileError) {
    let dataset = try dataset(place, subject: subject)
    func failed(_ what: String) -> FileError {
      FileError(.damaged, path: raw.path, subject: subject, "\(what): \(HDF5Library.cause())")
    }
    guard let space = HDF5Handle(H5Dget_space(dataset)) else { throw failed("its shape cannot be read") }
    var memorySpace = HDF5Handle(H5Screate(H5S_SCALAR))
    if !slab.count.isEmpty {
      let start = slab.start.map { hsize_t($0) }
      let count = slab.count.map { hsize_t($0) }
      let stride = slab.stride.map { hsize_t($0) }
      guard unsafe H5Sselect_hyperslab(space.id, H5S_SELECT_SET, start, stride, count, nil) >= 0 else {
        throw failed("that part of it cannot be selected")
      }
      memorySpace = unsafe HDF5Handle(H5Screate_simple(Int32(count.count), count, nil))
    }
    guard let memorySpace, let stored = HDF5Handle(H5Dget_type(dataset)) else {
      throw failed("its type cannot be read")
    }
    let type = HDF5Types.native(place.type.element) ?? stored.id
    let status = unsafe H5Dread(
      dataset, type, memorySpace.id, space.id, isotach_H5P_DEFAULT(), memory)
    guard status >= 0 else { throw failed("its data cannot be read") }
  }

  /// A piece of the library route.
  func piece(
    _ place: HDF5Place, _ slab: Hyperslab, size: Int, subject: String, _ buffer: ScratchBuffer
  ) throws(FileError) {
    guard let bytes = checkedProduct(slab.count + [size]), buffer.reserve(bytes) else {
      throw FileError(.inputOutput, path: raw.path, subject: subject, "no memory for that part of it")
    }
    try unsafe read(place, slab, subject: subject, into: buffer.base)
  }

  /// True when HDF5 has all filters of a dataset.
  func canFilter(_ place: HDF5Place) -> Bool {
    place.filters.allSatisfy { H5Zfilter_avail($0.id) > 0 }
  }
}

/// A classic file as the netCDF-C library has it open. Only for files whose header our parser has accepted.
@IOLane final class ClassicLibraryFile {
  let raw: RawFile
  private let id: Int32

  init(_ raw: RawFile) throws(FileError) {
    HDF5Library.prepare()
    var id: Int32 = -1
    let status = unsafe nc_open(raw.descriptorPath, NC_NOWRITE, &id)
    guard status == NC_NOERR else {
      throw FileError(.damaged, path: raw.path, ClassicLibraryFile.message(status))
    }
    (self.raw, self.id) = (raw, id)
  }

  isolated deinit { nc_close(id) }

  func piece(
    _ variable: Variable, _ slab: Hyperslab, size: Int, _ buffer: ScratchBuffer
  ) throws(FileError) {
    guard let bytes = checkedProduct(slab.count + [size]), buffer.reserve(bytes) else {
      throw FileError(.inputOutput, path: raw.path, subject: variable.path, "no memory for that part of it")
    }
    var number: Int32 = -1
    var status = unsafe nc_inq_varid(id, variable.name, &number)
    if status == NC_NOERR {
      if slab.stride.allSatisfy({ $0 == 1 }) {
        status = unsafe nc_get_vara(id, number, slab.start, slab.count, buffer.base)
      } else {
        status = unsafe nc_get_vars(id, number, slab.start, slab.count, slab.stride, buffer.base)
      }
    }
    guard status == NC_NOERR else {
      throw FileError(.damaged, path: raw.path, subject: variable.path, ClassicLibraryFile.message(status))
    }
  }

  private static func message(_ status: Int32) -> String {
    guard let text = unsafe nc_strerror(status) else { return "netCDF error \(status)" }
    return unsafe String(cString: text)
  }
}
