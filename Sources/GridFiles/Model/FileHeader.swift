import Basics

/// All that a file says about itself before any data is read.
public struct FileHeader: Sendable {
  public let path: String
  public let format: FileFormat
  public let identity: FileIdentity
  public let root: Group

  public init(path: String, format: FileFormat, identity: FileIdentity, root: Group) {
    (self.path, self.format, self.identity, self.root) = (path, format, identity, root)
  }

  /// The variable with that path (`/group/name`; `name` means `/name`).
  public func variable(_ path: String) -> Variable? {
    let wanted = path.hasPrefix("/") ? path : "/" + path
    return allVariables.first { $0.path == wanted }
  }

  /// The variables of all groups, each group before the groups inside it.
  public var allVariables: [Variable] { root.everything(\.variables) }
}

public enum FileFormat: Sendable, Hashable {
  /// CDF-1, CDF-2 or CDF-5.
  case classic(version: Int)
  case netCDF4(classicModel: Bool)
  /// HDF5 that netCDF did not write.
  case hdf5

  public var name: String {
    switch self {
    case .classic(let version): "NetCDF classic (CDF-\(version))"
    case .netCDF4(let classic): classic ? "netCDF-4 classic model" : "netCDF-4"
    case .hdf5: "HDF5"
    }
  }
}

public struct Group: Sendable {
  public let name: String
  /// `/` for the root, `/a/b` below it.
  public let path: String
  public let dimensions: [Dimension]
  public let attributes: [Attribute]
  public let variables: [Variable]
  public let groups: [Group]
  /// Objects that are in the file and are not variables for us (references, named types, links out of the
  /// file, ...): nothing in a file is passed over in silence.
  public let unread: [Unread]

  public struct Unread: Sendable, Hashable {
    public let path: String
    public let reason: String
    public init(path: String, reason: String) { (self.path, self.reason) = (path, reason) }
  }

  public init(
    name: String, path: String, dimensions: [Dimension], attributes: [Attribute], variables: [Variable],
    groups: [Group], unread: [Unread] = []
  ) {
    (self.name, self.path, self.dimensions, self.attributes) = (name, path, dimensions, attributes)
    (self.variables, self.groups, self.unread) = (variables, groups, unread)
  }

  /// What `list` gives for this group and all groups inside it.
  public func everything<Element>(_ list: (Group) -> [Element]) -> [Element] {
    list(self) + groups.flatMap { $0.everything(list) }
  }
}

public struct Dimension: Sendable, Hashable {
  public let name: String
  public let length: Int
  public let isUnlimited: Bool
  /// False when the file names no dimension here and the name is ours (`dim_0`).
  public let isNamed: Bool
  public init(name: String, length: Int, isUnlimited: Bool = false, isNamed: Bool = true) {
    (self.name, self.length, self.isUnlimited, self.isNamed) = (name, length, isUnlimited, isNamed)
  }
}

public struct Variable: Sendable {
  public let name: String
  /// The path from the root group: `/name` or `/group/name`.
  public let path: String
  public let type: ElementType
  public let byteOrder: ByteOrder
  /// Outermost first, empty for a scalar.
  public let dimensions: [Dimension]
  public let attributes: [Attribute]
  public let storage: Storage
  public let filters: [Filter]

  public init(
    name: String, path: String, type: ElementType, byteOrder: ByteOrder, dimensions: [Dimension],
    attributes: [Attribute], storage: Storage, filters: [Filter] = []
  ) {
    (self.name, self.path, self.type, self.byteOrder) = (name, path, type, byteOrder)
    (self.dimensions, self.attributes, self.storage, self.filters) = (
      dimensions, attributes, storage, filters
    )
  }

  public var extents: [Int] { dimensions.map(\.length) }
  /// The number of elements; checked when the header was read, so it does not overflow.
  public var count: Int { extents.reduce(1, *) }

  public enum Storage: Sendable, Hashable {
    case contiguous
    case compact
    case chunked([Int])
    /// The variable's data follow one another record by record (classic files).
    case records
  }

  public enum Filter: Sendable, Hashable {
    case deflate(level: Int)
    case shuffle
    case fletcher32
    /// A filter that cannot be undone here: its number and name.
    case other(id: Int, name: String)
  }
}
