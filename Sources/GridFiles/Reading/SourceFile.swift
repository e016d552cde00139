#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import Basics

/// An input file: opened and checked, its header known, its data read on request.
public final class SourceFile: Sendable {
  public let header: FileHeader
  public let policy: ReadPolicy
  let raw: RawFile
  let backing: Backing

  /// Where data come from.
  enum Backing: Sendable {
    case classic(ClassicHeader, ClassicLibraryFile?)
    case hdf5(HDF5File, [String: HDF5Place])
  }

  init(header: FileHeader, policy: ReadPolicy, raw: RawFile, backing: Backing) {
    (self.header, self.policy, self.raw, self.backing) = (header, policy, raw, backing)
  }
}

/// What an input file may do and cost.
public struct ReadPolicy: Sendable {
  /// Folders from which HDF5 external storage and the datasets that external links lead to may be read.
  /// Virtual datasets are never read.
  public var externalFolders: [String] = []
  /// Limits for the child process that walks a netCDF-4 or HDF5 file before this process opens it: address
  /// space in bytes, seconds of processor time, and seconds by the clock. The last is no verdict on the file: a
  /// slow disk or a crowded machine must not make a sound file a damaged one.
  public var walkMemory = 1 << 30
  public var walkSeconds = 20
  public var walkPatience = 300
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
  ///
  /// Limits: 32 dimensions a variable; names of 4096 bytes; classic headers of 64 MiB; in HDF5 64 levels of
  /// groups, 1,000,000 objects, attributes of 64 MiB.
  /// - Throws: `FileError`: `missing`; `refused` for addresses, folders, devices, FIFOs and what is beyond the
  ///   limits; `damaged`; `unsupported` for other formats.
  public static func open(_ path: String, policy: ReadPolicy = .init()) async throws(FileError) -> SourceFile
  {
    let raw = try RawFile(path)
    switch try FileSignature.of(raw) {
    case .classic(let version):
      let classic = try ClassicHeaderParser.parse(raw, version: version)
      let library = policy.route == .library ? try await ClassicLibraryFile(raw) : nil
      let header = FileHeader(
        path: path, format: .classic(version: version), identity: raw.identity, root: classic.root)
      return SourceFile(
        header: header, policy: policy, raw: raw, backing: .classic(classic, library))
    case .hdf5:
      try await FileWalker.walk(raw, policy)
      return try await openHDF5(raw, policy)
    }
  }

  /// Without the child process: for the child itself.
  @IOLane static func openHDF5(_ raw: RawFile, _ policy: ReadPolicy) throws(FileError) -> SourceFile {
    let file = try HDF5File(raw, policy: policy)
    let tree = try HDF5Walk.tree(file, policy)
    let (format, root, places) = try NetCDF4Model.read(tree, path: raw.path)
    let header = FileHeader(path: raw.path, format: format, identity: raw.identity, root: root)
    return SourceFile(header: header, policy: policy, raw: raw, backing: .hdf5(file, places))
  }

  /// - Throws: `FileError` of kind `changed` when the file on disk is no longer the one that was opened.
  public func checkUnchanged() throws(FileError) {
    guard let now = FileIdentity(ofFileAt: header.path) else {
      throw FileError(.changed, path: header.path, "it vanished while it was read")
    }
    guard now == header.identity else {
      throw FileError(
        .changed, path: header.path, "it changed while it was read",
        remedy: "run again when nothing writes to it")
    }
  }
}

/// What the first bytes say.
enum FileSignature {
  case classic(version: Int)
  case hdf5

  static func of(_ raw: RawFile) throws(FileError) -> FileSignature {
    let first = try raw.prefix(8)
    if first.starts(with: Array("CDF".utf8)), first.count >= 4 {
      switch first[3] {
      case 1, 2, 5: return .classic(version: Int(first[3]))
      default:
        throw FileError(
          .damaged, path: raw.path, "a classic NetCDF file of version \(first[3]); known are 1, 2 and 5")
      }
    }
    // HDF5's signature stands at 0, 512, 1024, 2048, ...: what is before belongs to the user.
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    var offset: Int64 = 0
    while offset + 8 <= raw.size {
      var bytes = [UInt8](repeating: 0, count: 8)
      let failure: FileError? = unsafe bytes.withUnsafeMutableBytes { buffer in
        guard let base = buffer.baseAddress else { return nil }
        do throws(FileError) { try unsafe raw.read(at: offset, count: 8, into: base) } catch { return error }
        return nil
      }
      if let failure { throw failure }
      if bytes == signature { return .hdf5 }
      offset = offset == 0 ? 512 : offset * 2
    }
    if raw.size == 0 { throw FileError(.damaged, path: raw.path, "the file is empty") }
    if first.starts(with: [0x0E, 0x03, 0x13, 0x01]) {
      throw FileError(
        .unsupported, path: raw.path, "an HDF4 file", remedy: "convert it, for example with h4toh5")
    }
    if first.starts(with: Array("GRIB".utf8)) {
      throw FileError(
        .unsupported, path: raw.path, "a GRIB file", remedy: "convert it: cdo -f nc4 copy in.grib out.nc")
    }
    throw FileError(
      .unsupported, path: raw.path, "neither NetCDF nor HDF5 (or cut before its first 8 bytes)")
  }
}
