import GridFiles

/// Where the cells of a field lie: `ny` rows of `nx` cells. All kinds answer the same questions; those of one
/// kind are in its own file.
public struct Grid: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    /// Latitude and longitude are the axes (steps may vary).
    case regular
    /// As `regular`, with the latitudes of a Gaussian grid.
    case gaussian
    /// The axes are `grid_latitude`/`grid_longitude` about a rotated pole.
    case rotatedPole = "rotated_pole"
    /// The axes are x and y of a map projection.
    case projected
    /// Only 2-D latitude and longitude say where cells are.
    case curvilinear
    /// A list of places: `ny` is 1 (a swath track, stations, a reduced Gaussian grid).
    case points
    /// No place on the Earth: jet images, plain arrays.
    case bare
  }

  public var kind: Kind
  public var y: Axis
  public var x: Axis
  /// The file's grid mapping variable, when there is one: its name and attributes (`grid_mapping_name`, ...).
  public var mapping: GridMapping?
  /// Cell centres in degrees, row-major (ny * nx); empty for `regular`, `gaussian` (the axes say it) and `bare`.
  public var latitudes: [Double]
  public var longitudes: [Double]
  /// Cell corners in degrees, 4 a cell, anticlockwise as seen from above in index space
  /// (j-½,i-½) (j-½,i+½) (j+½,i+½) (j+½,i-½); nil when the file has none. For `regular` the bounds of the axes are meant.
  public var cornerLatitudes: [Double]?
  public var cornerLongitudes: [Double]?
  /// Names of the 2-D coordinate variables in the input (kept for the output).
  public var latitudeName: String
  public var longitudeName: String

  public init(
    kind: Kind, y: Axis, x: Axis, mapping: GridMapping? = nil, latitudes: [Double] = [],
    longitudes: [Double] = [],
    cornerLatitudes: [Double]? = nil, cornerLongitudes: [Double]? = nil, latitudeName: String = "lat",
    longitudeName: String = "lon"
  ) {
    (self.kind, self.y, self.x, self.mapping) = (kind, y, x, mapping)
    (self.latitudes, self.longitudes) = (latitudes, longitudes)
    (self.cornerLatitudes, self.cornerLongitudes) = (cornerLatitudes, cornerLongitudes)
    (self.latitudeName, self.longitudeName) = (latitudeName, longitudeName)
  }

  public var ny: Int { y.count }
  public var nx: Int { x.count }
  public var count: Int { ny * nx }
  /// True when `y` is latitude and `x` is longitude.
  public var isRectilinear: Bool { kind == .regular || kind == .gaussian }

  /// The centre of cell (j, i), degrees. Not for `bare`.
  public func center(_ j: Int, _ i: Int) -> (latitude: Double, longitude: Double) {
    if isRectilinear { return (y.values[j], x.values[i]) }
    let index = j * nx + i
    return (latitudes[index], longitudes[index])
  }
}

/// A CF grid mapping: the variable's name and its attributes, `grid_mapping_name` among them.
public struct GridMapping: Sendable, Hashable {
  public var variableName: String
  public var attributes: [Attribute]
  public init(variableName: String, attributes: [Attribute]) {
    (self.variableName, self.attributes) = (variableName, attributes)
  }
  public var name: String? { attributes["grid_mapping_name"]?.text }
}
