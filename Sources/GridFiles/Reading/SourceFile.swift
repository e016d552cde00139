/// An input file: opened and checked, its header known, its data read on request.
public final class SourceFile: Sendable {
  public let header: FileHeader
  public let policy: ReadPolicy

  init(header: FileHeader, policy: ReadPolicy) { (self.header, self.policy) = (header, policy) }
}

/// What an input file may do and cost.
public struct ReadPolicy: Sendable {
  /// Folders from which HDF5 external storage, external links and virtual sources may be read.
  public var externalFolders: [String] = []
  /// Limits for the child process that walks a netCDF-4 or HDF5 file before this process opens it.
  public var walkMemory = 1 << 30
  public var walkSeconds = 20
  /// Which way data of chunked variables are read.
  public var route = Route.fast
  public enum Route: Sendable {
    /// Raw chunks, decoded on the workers; classic files by `pread`.
    case fast
    /// The library's own calls (`nc_get_vara`, `H5Dread`): the same bytes, slower.
    case library
  }
  public init() {}
}

extension SourceFile {
  /// Opens and checks a file: classic headers by our own parser, netCDF-4 and HDF5 first by a child process
  /// (`isotach` itself, hidden command `__walk`), then its header here. No data are read.
  public static func open(_ path: String, policy: ReadPolicy = .init()) async throws(FileError) -> SourceFile
  {
    throw FileError(.unsupported, path: path, "reading is not there yet")
  }

  /// Reads a part of a numeric variable, decoded, into the caller's memory. Chunks are decoded by `workers`
  /// tasks at a time.
  public func read(
    _ variable: Variable, _ slab: Hyperslab, decoding: Decoding, into target: FloatTarget, workers: Int = 1
  ) async throws(FileError) {
    throw FileError(.unsupported, path: header.path, "reading is not there yet")
  }

  /// The numbers of a variable (coordinates, bounds) as stored, as Double, in the file's dimension order.
  /// `_FillValue` and packing are not applied.
  public func readDoubles(_ variable: Variable, _ slab: Hyperslab? = nil) async throws(FileError) -> [Double]
  {
    throw FileError(.unsupported, path: header.path, "reading is not there yet")
  }

  /// The strings of a `string`, `fixedString` or `char` variable; of `char` the last dimension is the text.
  public func readStrings(_ variable: Variable, _ slab: Hyperslab? = nil) async throws(FileError) -> [String]
  {
    throw FileError(.unsupported, path: header.path, "reading is not there yet")
  }

  /// The elements as bytes in this machine's order, for comparisons bit by bit.
  public func readBytes(_ variable: Variable, _ slab: Hyperslab? = nil) async throws(FileError) -> [UInt8] {
    throw FileError(.unsupported, path: header.path, "reading is not there yet")
  }

  /// Memory, beside the target, that `read` needs for a slab with that many workers, in bytes.
  public func scratchBytes(_ variable: Variable, _ slab: Hyperslab, workers: Int = 1) -> Int { 0 }

  /// - Throws: `FileError` of kind `changed` when the file on disk is no longer the one that was opened.
  public func checkUnchanged() throws(FileError) {}
}
