import GridFiles

/// What flows between two stages, said without any data: variables that share time, layers and grid.
/// Blocks of it have the axes variable, time, layer, y, x.
public struct Description: Sendable, Hashable {
  public var variables: [VariableDescription]
  /// Nil when there is no time axis (the block's time extent is then 1).
  public var time: TimeAxis?
  /// The axes between time and the horizontal (level, member, ...), outermost first; the block's layer extent
  /// is the product of their counts, 1 when there are none.
  public var layers: [Axis]
  public var grid: Grid
  /// Coordinates of one value (height = 2 m), kept for the output.
  public var scalars: [ScalarCoordinate]
  /// Global attributes of the input that the output keeps (`institution`, `source`, ...), `history` among them.
  public var globalAttributes: [Attribute]

  public init(
    variables: [VariableDescription], time: TimeAxis?, layers: [Axis] = [], grid: Grid,
    scalars: [ScalarCoordinate] = [], globalAttributes: [Attribute] = []
  ) {
    (self.variables, self.time, self.layers, self.grid) = (variables, time, layers, grid)
    (self.scalars, self.globalAttributes) = (scalars, globalAttributes)
  }

  public var timeCount: Int { time?.count ?? 1 }
  public var layerCount: Int { layers.reduce(1) { $0 * $1.count } }
  /// The region that is everything.
  public var whole: Region {
    Region(
      variables: 0..<variables.count, times: 0..<timeCount, layers: 0..<layerCount, rows: 0..<grid.ny,
      columns: 0..<grid.nx)
  }
}

public struct VariableDescription: Sendable, Hashable {
  public var name: String
  public var standardName: String?
  public var longName: String?
  /// UDUNITS text; "1" without dimension; nil when the input says nothing.
  public var units: String?
  public var cellMethods: String?
  /// Classes instead of quantities: written int8 with `flag_values` and `flag_meanings`.
  public var flags: [Flag]?
  /// Other attributes that the output keeps (`comment`, ...): none that speak of packing, ranges or coordinates.
  public var attributes: [Attribute]

  public struct Flag: Sendable, Hashable {
    public var value: Int8
    public var meaning: String
    public init(value: Int8, meaning: String) { (self.value, self.meaning) = (value, meaning) }
  }

  public init(
    name: String, standardName: String? = nil, longName: String? = nil, units: String? = nil,
    cellMethods: String? = nil, flags: [Flag]? = nil, attributes: [Attribute] = []
  ) {
    (self.name, self.standardName, self.longName, self.units) = (name, standardName, longName, units)
    (self.cellMethods, self.flags, self.attributes) = (cellMethods, flags, attributes)
  }
}

public struct ScalarCoordinate: Sendable, Hashable {
  public var name: String
  public var value: Double
  /// A label instead of a number.
  public var label: String?
  public var attributes: [Attribute]
  public init(name: String, value: Double, label: String? = nil, attributes: [Attribute]) {
    (self.name, self.value, self.label, self.attributes) = (name, value, label, attributes)
  }
}

/// A part of a description's index space.
public struct Region: Sendable, Hashable {
  public var variables: Range<Int>
  public var times: Range<Int>
  public var layers: Range<Int>
  public var rows: Range<Int>
  public var columns: Range<Int>

  public init(
    variables: Range<Int>, times: Range<Int>, layers: Range<Int>, rows: Range<Int>, columns: Range<Int>
  ) {
    (self.variables, self.times, self.layers) = (variables, times, layers)
    (self.rows, self.columns) = (rows, columns)
  }

  /// [variables, times, layers, rows, columns].
  public var extents: [Int] { [variables.count, times.count, layers.count, rows.count, columns.count] }
  public var count: Int { variables.count * times.count * layers.count * rows.count * columns.count }
  /// Number of cells of one map of the region.
  public var mapCount: Int { rows.count * columns.count }
  /// Number of maps: variables x times x layers.
  public var maps: Int { variables.count * times.count * layers.count }
}
