import Basics
import CHDF5

/// What the objects of an HDF5 file mean: dimensions from dimension scales, as netCDF-4 uses them, and our own
/// names for dimensions where there are none.
///
/// Source: "NetCDF-4 File Format" in the NetCDF Users Guide; netCDF-C `libhdf5/hdf5open.c`.
struct NetCDF4Model {
  private struct Scale {
    let name: String
    var length: Int
    let isUnlimited: Bool
    let id: Int?
    /// A dimension only: its dataset holds no variable.
    let isOnlyDimension: Bool
    let order: Int
  }

  private var scales: [haddr_t: Scale] = [:]
  private var scalesOfGroup: [String: [haddr_t]] = [:]
  private var tooLarge: String?
  private var addressOfID: [Int: haddr_t] = [:]
  private var isNetCDF = false
  private var isClassicModel = false
  private var anonymous = 0
  private(set) var places: [String: HDF5Place] = [:]

  static let onlyDimension = "This is a netCDF dimension but not a netCDF variable"
  static let prefix = "_nc4_non_coord_"
  private static let hiddenOfRoot: Set<String> = ["_NCProperties", "_nc3_strict"]
  private static let hidden: Set<String> = [
    "REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS", "_Netcdf4Dimid", "_Netcdf4Coordinates",
  ]

  /// - Returns: the format, the root group, and where each variable's data are.
  static func read(
    _ tree: HDF5Tree.Group, path: String
  ) throws(FileError) -> (FileFormat, Group, [String: HDF5Place]) {
    var model = NetCDF4Model()
    let attributes = tree.attributes
    model.isClassicModel = attributes["_nc3_strict"] != nil
    model.isNetCDF = model.isClassicModel || attributes["_NCProperties"] != nil
    model.collect(tree)
    model.grow(tree)
    let root = model.group(tree)
    if let variable = model.tooLarge {
      throw FileError(.damaged, path: path, subject: variable, "its size does not fit into 63 bits")
    }
    let format: FileFormat = model.isNetCDF ? .netCDF4(classicModel: model.isClassicModel) : .hdf5
    return (format, root, model.places)
  }

  // MARK: Dimensions

  private mutating func collect(_ group: HDF5Tree.Group) {
    for dataset in group.datasets where NetCDF4Model.isScale(dataset) && !dataset.isAlias {
      let id = dataset.attributes["_Netcdf4Dimid"]?.number.flatMap { Int(exactly: $0) }
      let title = dataset.attributes["NAME"]?.text ?? ""
      let isOnly = title.hasPrefix(NetCDF4Model.onlyDimension)
      if isOnly || id != nil { isNetCDF = true }
      scales[dataset.place.address] = Scale(
        name: dataset.name, length: dataset.place.extents.first ?? 1,
        isUnlimited: dataset.unlimited.first ?? false, id: id, isOnlyDimension: isOnly, order: scales.count)
      scalesOfGroup[group.path, default: []].append(dataset.place.address)
      if let id, addressOfID[id] == nil { addressOfID[id] = dataset.place.address }
    }
    for child in group.groups { collect(child) }
  }

  private static func isScale(_ dataset: HDF5Tree.Dataset) -> Bool {
    dataset.attributes["CLASS"]?.text == "DIMENSION_SCALE"
  }

  /// An unlimited dimension is as long as the longest variable on it.
  private mutating func grow(_ group: HDF5Tree.Group) {
    for dataset in group.datasets {
      for (axis, address) in addresses(dataset).enumerated() {
        guard let address, let scale = scales[address], scale.isUnlimited, dataset.unlimited[axis] else {
          continue
        }
        scales[address]?.length = max(scale.length, dataset.place.extents[axis])
      }
    }
    for child in group.groups { grow(child) }
  }

  /// The scale of each axis of a dataset, where it has one.
  private func addresses(_ dataset: HDF5Tree.Dataset) -> [haddr_t?] {
    let rank = dataset.place.extents.count
    // `_Netcdf4Coordinates` holds numbers of dimensions; netCDF writes it where scales alone do not tell.
    if case .int32(let ids)? = dataset.attributes["_Netcdf4Coordinates"]?.value, ids.count == rank {
      let found = ids.map { addressOfID[Int($0)] }
      if found.allSatisfy({ $0 != nil }) { return found }
    }
    var list = [haddr_t?](repeating: nil, count: rank)
    if let scales = dataset.scales, scales.count == rank { list = scales.map { $0 } }
    if NetCDF4Model.isScale(dataset), rank > 0 { list[0] = dataset.place.address }
    return list
  }

  private func dimension(_ scale: Scale) -> Dimension {
    Dimension(name: scale.name, length: scale.length, isUnlimited: scale.isUnlimited)
  }

  // MARK: Groups and variables

  private mutating func group(_ tree: HDF5Tree.Group) -> Group {
    let own = (scalesOfGroup[tree.path] ?? []).compactMap { scales[$0] }
      .sorted { ($0.id ?? .max, $0.order) < ($1.id ?? .max, $1.order) }
    var dimensions = own.map(dimension)
    var unnamed: [Dimension] = []
    var variables: [Variable] = []
    for dataset in tree.datasets where scales[dataset.place.address]?.isOnlyDimension != true {
      variables.append(variable(dataset, in: tree, &unnamed))
    }
    dimensions += unnamed
    let groups = tree.groups.map { group($0) }
    let isRoot = tree.path == "/"
    return Group(
      name: tree.name, path: tree.path, dimensions: dimensions,
      attributes: tree.attributes.filter { !(isRoot && NetCDF4Model.hiddenOfRoot.contains($0.name)) },
      variables: variables, groups: groups, unread: tree.unread)
  }

  private mutating func variable(
    _ dataset: HDF5Tree.Dataset, in group: HDF5Tree.Group, _ unnamed: inout [Dimension]
  ) -> Variable {
    var taken: Set<Int> = []
    var dimensions: [Dimension] = []
    for (axis, address) in addresses(dataset).enumerated() {
      let length = dataset.place.extents[axis]
      if let address, let scale = scales[address],
        scale.length == length || (scale.isUnlimited && length < scale.length)
      {
        dimensions.append(dimension(scale))
        continue
      }
      // No name in the file: axes of one group with the same length share one of ours, but never two axes of
      // the same variable.
      let isUnlimited = dataset.unlimited[axis]
      if let index = unnamed.indices.first(where: {
        unnamed[$0].length == length && unnamed[$0].isUnlimited == isUnlimited && !taken.contains($0)
      }) {
        taken.insert(index)
        dimensions.append(unnamed[index])
      } else {
        let new = Dimension(
          name: "dim_\(anonymous)", length: length, isUnlimited: isUnlimited, isNamed: false)
        anonymous += 1
        taken.insert(unnamed.count)
        unnamed.append(new)
        dimensions.append(new)
      }
    }
    var name = dataset.name
    if isNetCDF, name.hasPrefix(NetCDF4Model.prefix) { name.removeFirst(NetCDF4Model.prefix.count) }
    let path = group.path == "/" ? "/" + name : group.path + "/" + name
    places[path] = dataset.place
    if checkedProduct(dimensions.map(\.length) + [max(8, dataset.place.type.size)]) == nil { tooLarge = path }
    let isScale = NetCDF4Model.isScale(dataset)
    let storage: Variable.Storage =
      switch dataset.place.layout {
      case .compact: .compact
      case .contiguous: .contiguous
      case .chunked(let chunk): .chunked(chunk)
      }
    return Variable(
      name: name, path: path, type: dataset.place.type.element, byteOrder: dataset.place.type.order,
      dimensions: dimensions,
      attributes: dataset.attributes.filter {
        !NetCDF4Model.hidden.contains($0.name) && !(isScale && ["CLASS", "NAME"].contains($0.name))
      }, storage: storage, filters: dataset.variableFilters)
  }
}
