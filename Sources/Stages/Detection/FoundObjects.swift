import Grids
import Synchronization

/// One object at one time: a centre, numbers that describe it, and the cells that it covers.
public struct FoundObject: Sendable, Hashable {
  /// Step of the stream.
  public var time: Int
  /// The number of the object among those of its time, or of the track that it belongs to; from 1.
  public var number: Int
  public var latitude: Double
  public var longitude: Double
  /// One for each column of the list; NaN: none.
  public var values: [Double]
  /// Of the grid, row-major, without columns that repeat others; the cell of the centre first for a point.
  public var cells: [Int32]
}

/// A column of a list of objects.
public struct ListColumn: Sendable, Hashable {
  public var name: String
  public var standardName: String?
  public var longName: String
  public var units: String
  /// Whole numbers that are never missing.
  public var isWhole: Bool
  public init(
    name: String, standardName: String? = nil, longName: String, units: String, isWhole: Bool = false
  ) {
    (self.name, self.standardName, self.longName, self.units) = (name, standardName, longName, units)
    self.isWhole = isWhole
  }
}

/// The objects that a node has found. Each time is set by itself, as often as it is computed, to the same objects.
public final class FoundObjects: Sendable {
  private let held = Mutex<[Int: [FoundObject]]>([:])
  public init() {}
  func set(_ objects: [FoundObject], at time: Int) { held.withLock { $0[time] = objects } }
  func removeAll() { held.withLock { $0 = [:] } }
  public func at(_ time: Int) -> [FoundObject] { held.withLock { $0[time] ?? [] } }
  /// By time, then by number.
  public var all: [FoundObject] {
    held.withLock { held in held.keys.sorted().flatMap { held[$0] ?? [] } }
  }
}

/// What a list of objects is about.
public struct ObjectListing: Sendable {
  public let columns: [ListColumn]
  public let found: FoundObjects
  /// What one object is called: `cyclone`.
  public let noun: String
  /// True when `number` is that of a track, with one object a time.
  public let isTracks: Bool
  /// The node that has found everything when its result is complete; nil: the node itself.
  public let node: NodeID?
  /// Longitudes go from here once around.
  public let west: Double
  public init(
    columns: [ListColumn], found: FoundObjects, noun: String, isTracks: Bool = false, node: NodeID? = nil,
    west: Double
  ) {
    (self.columns, self.found, self.noun) = (columns, found, noun)
    (self.isTracks, self.node, self.west) = (isTracks, node, west)
  }
}

/// A computation that finds objects beside its field: an output may be the list of them.
public protocol Listing: Computation {
  var listing: ObjectListing { get }
}

extension ObjectListing {
  /// Where longitudes of a grid begin: -180, or 0 where the grid goes beyond 180.
  static func west(of grid: Grid) -> Double {
    let longitudes = grid.isRectilinear ? grid.x.values : grid.longitudes
    return (longitudes.max() ?? 0) > 180 ? 0 : -180
  }
}
