import Basics
import CHDF5

/// The objects of an HDF5 file as HDF5 sees them; what they mean for netCDF is decided later.
struct HDF5Tree: Sendable {
  struct Group: Sendable {
    var name = ""
    var path = "/"
    var attributes: [Attribute] = []
    var datasets: [Dataset] = []
    var groups: [Group] = []
    var unread: [GridFiles.Group.Unread] = []
    var softLinks: [SoftLink] = []
  }

  /// Another name for an object: the target is a path from the root.
  struct SoftLink: Sendable {
    let name: String
    let path: String
    let target: String
  }

  struct Dataset: Sendable {
    var name: String
    var place: HDF5Place
    /// True where the extent has no limit.
    let unlimited: [Bool]
    var attributes: [Attribute]
    /// Object addresses of `DIMENSION_LIST`.
    var scales: [haddr_t?]?
    let variableFilters: [Variable.Filter]
    /// Found through a soft link: another name for a dataset, and no dimension of its own.
    var isAlias = false
  }
}

/// Visits every object of an HDF5 file once.
@IOLane struct HDF5Walk {
  static let maximumDepth = 64
  static let maximumObjects = 1_000_000
  static let maximumRank = 32

  let file: HDF5File
  let policy: ReadPolicy
  private let foreign: ForeignFiles
  private var objects = 0
  private var groupsSeen: [haddr_t: String] = [:]

  init(_ file: HDF5File, _ policy: ReadPolicy) {
    (self.file, self.policy) = (file, policy)
    foreign = ForeignFiles(file: file.raw.path, policy: policy)
  }

  static func tree(_ file: HDF5File, _ policy: ReadPolicy) throws(FileError) -> HDF5Tree.Group {
    var walk = HDF5Walk(file, policy)
    guard let root = HDF5Handle(unsafe H5Gopen2(file.id, "/", isotach_H5P_DEFAULT())) else {
      throw walk.damaged("/", "the root group cannot be opened: \(HDF5Library.cause())")
    }
    if let info = objectInfo(root.id, ".") { walk.groupsSeen[info.addr] = "/" }
    var tree = try walk.group(root.id, name: "", path: "/", depth: 0)
    resolve(&tree, datasets(tree))
    return tree
  }

  // MARK: Soft links

  /// Where a soft link leads, as a path from the root without `.`; HDF5 does not know `..`.
  private func softTarget(_ group: hid_t, _ name: String, in path: String) -> String? {
    var info = H5L_info_t()
    guard unsafe H5Lget_info(group, name, &info, isotach_H5P_DEFAULT()) >= 0, info.u.val_size > 0,
      info.u.val_size <= 65536
    else { return nil }
    var value = [CChar](repeating: 0, count: info.u.val_size + 1)
    guard unsafe H5Lget_val(group, name, &value, info.u.val_size, isotach_H5P_DEFAULT()) >= 0 else {
      return nil
    }
    let target = text(of: value.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    let full = target.hasPrefix("/") ? target : path + "/" + target
    return "/" + full.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
  }

  static func datasets(_ group: HDF5Tree.Group) -> [String: HDF5Tree.Dataset] {
    var list: [String: HDF5Tree.Dataset] = [:]
    for dataset in group.datasets { list[dataset.place.path] = dataset }
    for child in group.groups { list.merge(datasets(child)) { first, _ in first } }
    return list
  }

  /// A soft link to a dataset that is here is a second name for it. Nothing is opened through a link.
  private static func resolve(_ group: inout HDF5Tree.Group, _ known: [String: HDF5Tree.Dataset]) {
    for link in group.softLinks {
      if var dataset = known[link.target] {
        dataset.name = link.name
        dataset.isAlias = true
        group.datasets.append(dataset)
      } else {
        group.unread.append(.init(path: link.path, reason: "a soft link to \(link.target), not followed"))
      }
    }
    for index in group.groups.indices { resolve(&group.groups[index], known) }
  }

  private func damaged(_ subject: String, _ cause: String) -> FileError {
    FileError(.damaged, path: file.raw.path, subject: subject, cause)
  }

  private static func objectInfo(_ location: hid_t, _ name: String) -> H5O_info_t? {
    var info = H5O_info_t()
    let status = unsafe H5Oget_info_by_name2(
      location, name, &info, UInt32(H5O_INFO_BASIC), isotach_H5P_DEFAULT())
    return status < 0 ? nil : info
  }

  private mutating func group(
    _ id: hid_t, name: String, path: String, depth: Int
  ) throws(FileError) -> HDF5Tree.Group {
    guard depth <= HDF5Walk.maximumDepth else {
      throw FileError(
        .refused, path: file.raw.path, subject: path, "groups are nested deeper than \(HDF5Walk.maximumDepth)"
      )
    }
    var group = HDF5Tree.Group(name: name, path: path)
    group.attributes = try attributes(id, path)
    var byCreation = false
    if let list = HDF5Handle(H5Gget_create_plist(id)) {
      var flags: UInt32 = 0
      if unsafe H5Pget_link_creation_order(list.id, &flags) >= 0 {
        byCreation = flags & UInt32(H5P_CRT_ORDER_TRACKED) != 0
      }
    }
    guard
      let links = HDF5Names.links(id, byCreation: byCreation, limit: HDF5Walk.maximumObjects - objects)
    else {
      throw damaged(
        path,
        "its members cannot be listed, or are more than \(HDF5Walk.maximumObjects): "
          + HDF5Library.cause())
    }
    objects += links.count
    for link in links {
      let place = path == "/" ? "/" + link.name : path + "/" + link.name
      switch link.kind {
      case H5L_TYPE_HARD:
        try member(id, link.name, place, depth, into: &group)
      case H5L_TYPE_SOFT:
        if let target = softTarget(id, link.name, in: path) {
          group.softLinks.append(.init(name: link.name, path: place, target: target))
        } else {
          group.unread.append(.init(path: place, reason: "a soft link that leads nowhere"))
        }
      case H5L_TYPE_EXTERNAL:
        do throws(HDF5Fault) {
          group.datasets.append(try foreign.dataset(linkedFrom: id, link.name))
        } catch { group.unread.append(.init(path: place, reason: error.cause)) }
      default:
        group.unread.append(.init(path: place, reason: "a link of a kind that is not known here"))
      }
    }
    return group
  }

  private mutating func member(
    _ parent: hid_t, _ name: String, _ path: String, _ depth: Int, into group: inout HDF5Tree.Group
  ) throws(FileError) {
    guard let info = HDF5Walk.objectInfo(parent, name) else {
      throw damaged(path, "cannot be examined: \(HDF5Library.cause())")
    }
    switch info.type {
    case H5O_TYPE_GROUP:
      if let first = groupsSeen[info.addr] {
        group.unread.append(.init(path: path, reason: "the same group as \(first)"))
        return
      }
      groupsSeen[info.addr] = path
      guard let child = HDF5Handle(unsafe H5Gopen2(parent, name, isotach_H5P_DEFAULT())) else {
        throw damaged(path, "the group cannot be opened: \(HDF5Library.cause())")
      }
      group.groups.append(try self.group(child.id, name: name, path: path, depth: depth + 1))
    case H5O_TYPE_DATASET:
      guard let dataset = file.open(path) else {
        let cause = HDF5Library.cause()
        // Newer HDF5 writes what this one does not know; only who wants that dataset is to suffer.
        guard cause.contains("version number") else {
          throw damaged(path, "the dataset cannot be opened: \(cause)")
        }
        group.unread.append(.init(path: path, reason: "a dataset of a newer HDF5 version (\(cause))"))
        return
      }
      switch try self.dataset(dataset.id, name, path, info.addr) {
      case .success(let found): group.datasets.append(found)
      case .failure(let reason): group.unread.append(.init(path: path, reason: reason.cause))
      }
    case H5O_TYPE_NAMED_DATATYPE:
      group.unread.append(.init(path: path, reason: "the definition of a type"))
    default:
      group.unread.append(.init(path: path, reason: "an object of a kind that is not known here"))
    }
  }

  private func attributes(_ id: hid_t, _ path: String) throws(FileError) -> [Attribute] {
    guard let names = HDF5Names.attributes(id, limit: HDF5Attributes.maximumCount) else {
      throw damaged(path, "its attributes cannot be listed: \(HDF5Library.cause())")
    }
    var list: [Attribute] = []
    // Thousands of references stand in this one, and nobody wants them.
    for name in names where name != "REFERENCE_LIST" && name != "DIMENSION_LIST" {
      do {
        if let attribute = try HDF5Attributes.read(id, name) { list.append(attribute) }
      } catch {
        throw FileError(error.kind, path: file.raw.path, subject: path, error.cause)
      }
    }
    return list
  }

  // MARK: Datasets

  private func dataset(
    _ id: hid_t, _ name: String, _ path: String, _ address: haddr_t
  ) throws(FileError) -> Result<HDF5Tree.Dataset, HDF5Fault> {
    guard let list = HDF5Handle(H5Dget_create_plist(id)) else {
      throw damaged(path, "its properties cannot be read: \(HDF5Library.cause())")
    }
    // Whatever could lead out of this file is looked at before HDF5 follows it.
    let layout = H5Pget_layout(list.id)
    // Never, even in allowed folders: HDF5 1.10.8 was seen to report success and leave the memory untouched.
    guard layout != H5D_VIRTUAL else {
      return .failure(
        HDF5Fault("a virtual dataset, whose data are elsewhere, which is not followed", .refused))
    }
    var prefix: String?
    let externals = H5Pget_external_count(list.id)
    if externals != 0 {
      do {
        prefix = try ExternalStorage.check(list.id, count: externals, file: file.raw.path, policy)
      } catch { return .failure(error) }
    }
    guard let type = HDF5Handle(H5Dget_type(id)), let space = HDF5Handle(H5Dget_space(id)) else {
      throw damaged(path, "its type or shape cannot be read: \(HDF5Library.cause())")
    }
    let stored = HDF5Types.describe(type.id)
    if case .unsupported(let what) = stored.element { return .failure(HDF5Fault(what)) }
    if H5Sget_simple_extent_type(space.id) == H5S_NULL {
      return .failure(HDF5Fault("a dataset without any data (null dataspace)"))
    }
    let rank = Int(H5Sget_simple_extent_ndims(space.id))
    guard rank >= 0, rank <= HDF5Walk.maximumRank else { throw damaged(path, "\(rank) dimensions") }
    var extents = [hsize_t](repeating: 0, count: rank)
    var limits = extents
    guard unsafe H5Sget_simple_extent_dims(space.id, &extents, &limits) >= 0 else {
      throw damaged(path, "its shape cannot be read: \(HDF5Library.cause())")
    }
    let lengths = extents.compactMap { Int(exactly: $0) }
    guard lengths.count == rank, checkedProduct(lengths + [max(8, stored.size)]) != nil else {
      throw damaged(path, "its size does not fit into 63 bits: \(extents)")
    }
    let (raw, filters) = try pipeline(list.id, path)
    let place = HDF5Place(
      address: address, path: path, type: stored, extents: lengths,
      layout: try self.layout(id, layout, list.id, rank, path, stored, hasExternal: externals != 0),
      filters: raw, fill: fill(list.id, type.id, stored), externalPrefix: prefix)
    let scales: [haddr_t?]?
    do { scales = try HDF5Attributes.dimensionList(id, rank: rank) } catch {
      throw FileError(error.kind, path: file.raw.path, subject: path, error.cause)
    }
    return .success(
      HDF5Tree.Dataset(
        name: name, place: place, unlimited: limits.map { $0 == isotach_H5S_UNLIMITED() },
        attributes: try attributes(id, path), scales: scales, variableFilters: filters))
  }

  private func layout(
    _ id: hid_t, _ layout: H5D_layout_t, _ list: hid_t, _ rank: Int, _ path: String, _ type: StoredType,
    hasExternal: Bool
  ) throws(FileError) -> HDF5Place.Layout {
    switch layout {
    case H5D_COMPACT: return .compact
    case H5D_CONTIGUOUS:
      if hasExternal { return .contiguous(nil) }
      let offset = H5Dget_offset(id)
      H5Eclear2(hid_t(H5E_DEFAULT))
      return .contiguous(offset == isotach_HADDR_UNDEF() ? nil : Int64(exactly: offset))
    case H5D_CHUNKED:
      var chunk = [hsize_t](repeating: 0, count: max(1, rank))
      guard rank > 0, unsafe Int(H5Pget_chunk(list, Int32(rank), &chunk)) == rank else {
        throw damaged(path, "the shape of its chunks cannot be read: \(HDF5Library.cause())")
      }
      let lengths = chunk.compactMap { Int(exactly: $0) }
      guard lengths.count == rank, lengths.allSatisfy({ $0 > 0 }),
        checkedProduct(lengths + [max(8, type.size)]) != nil
      else { throw damaged(path, "its chunks have no sound shape: \(chunk)") }
      return .chunked(lengths)
    default: throw damaged(path, "its layout is not known: \(HDF5Library.cause())")
    }
  }

  private func fill(_ list: hid_t, _ type: hid_t, _ stored: StoredType) -> [UInt8]? {
    guard !stored.hasPointers, stored.size > 0, stored.size <= 1 << 20 else { return nil }
    let native = stored.needsConversion ? HDF5Types.native(stored.element) : type
    let size = stored.needsConversion ? stored.element.size ?? stored.size : stored.size
    var bytes = [UInt8](repeating: 0, count: size)
    var status = H5D_FILL_VALUE_UNDEFINED
    guard unsafe H5Pfill_value_defined(list, &status) >= 0, status != H5D_FILL_VALUE_UNDEFINED,
      let native
    else { return bytes }
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe H5Pget_fill_value(list, native, $0.baseAddress) }
    if got < 0 { return [UInt8](repeating: 0, count: size) }
    return bytes
  }

  private func pipeline(
    _ list: hid_t, _ path: String
  ) throws(FileError) -> ([HDF5Place.RawFilter], [Variable.Filter]) {
    let count = H5Pget_nfilters(list)
    guard count >= 0, count <= 32 else { throw damaged(path, "its filters cannot be read") }
    var raw: [HDF5Place.RawFilter] = []
    var filters: [Variable.Filter] = []
    for index in 0..<UInt32(count) {
      var flags: UInt32 = 0
      var values = [UInt32](repeating: 0, count: 64)
      var used = values.count
      var configuration: UInt32 = 0
      var name = [CChar](repeating: 0, count: 257)
      let id = unsafe H5Pget_filter2(
        list, index, &flags, &used, &values, name.count - 1, &name, &configuration)
      guard id >= 0 else {
        throw damaged(path, "its filter \(index) cannot be read: \(HDF5Library.cause())")
      }
      let own = Array(values.prefix(min(used, values.count)))
      raw.append(.init(id: id, values: own))
      switch id {
      case 1: filters.append(.deflate(level: Int(own.first ?? 0)))
      case 2: filters.append(.shuffle)
      case 3: filters.append(.fletcher32)
      default:
        let given = text(of: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
        filters.append(
          .other(id: Int(id), name: FilterNames.known[id] ?? (given.isEmpty ? "unknown" : given)))
      }
    }
    return (raw, filters)
  }
}

/// Filters that files of this field use and that are not undone here by our own code.
enum FilterNames {
  static let known: [Int32: String] = [
    4: "szip", 5: "n-bit", 6: "scale-offset", 257: "LZO", 305: "LZO", 307: "bzip2", 32000: "LZF (h5py)",
    32001: "Blosc", 32004: "LZ4", 32008: "bitshuffle", 32013: "ZFP", 32015: "Zstandard", 32017: "SZ",
    32022: "BitGroom", 32023: "Granular BitRound", 32026: "Blosc2",
  ]
}

/// HDF5 external storage: raw data in other files, whose names stand in this one.
@IOLane enum ExternalStorage {
  /// - Returns: the folder of the file, when every name leads into an allowed folder.
  static func check(
    _ list: hid_t, count: Int32, file: String, _ policy: ReadPolicy
  ) throws(HDF5Fault) -> String {
    guard count > 0, count <= 10_000 else { throw HDF5Fault("its external files cannot be listed") }
    let folder = FilePaths.folder(FilePaths.real(file) ?? file)
    for index in 0..<UInt32(count) {
      var name = [CChar](repeating: 0, count: 4097)
      var offset: off_t = 0
      var size: hsize_t = 0
      guard unsafe H5Pget_external(list, index, name.count - 1, &name, &offset, &size) >= 0 else {
        throw HDF5Fault("its external files cannot be listed: \(HDF5Library.cause())")
      }
      let given = text(of: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
      let full = given.hasPrefix("/") ? given : folder + "/" + given
      guard FilePaths.isInside(full, policy.externalFolders) else {
        throw HDF5Fault(
          "its data are in another file (\(given)), in none of the folders that the input allows (`external:`)",
          .refused)
      }
    }
    return folder
  }
}
