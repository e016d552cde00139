import Grids

/// A quantity of the vocabulary of `derive`. A quantity is one file directly in `Sources/Stages/Derive`, named as
/// its type; the build lists the folder.
protocol Quantity: Sendable {
  static var declaration: QuantityDeclaration { get }
  /// Adds what is to be computed to the graph and says which node is the result.
  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID
}

struct QuantityDeclaration: Sendable {
  let name: String
  /// Other names that the pipeline may use: CF standard names.
  var aliases: [String] = []
  let summary: String
  let formula: String
  /// Where the formula is from.
  let source: String
  /// What it is computed from.
  var roles: [Role] = []
  /// Its other keys.
  var keys: [Key] = []
}

/// One of the variables that a quantity is computed from.
struct Role: Sendable, Hashable {
  /// The key that names the variable when its standard name does not.
  let key: String
  /// For messages: "the eastward wind".
  let meaning: String
  let standardNames: [String]
  /// Units that the formula needs; values are converted to them.
  let units: String

  init(_ key: String, _ meaning: String, _ standardNames: [String], units: String) {
    (self.key, self.meaning, self.standardNames, self.units) = (key, meaning, standardNames, units)
  }

  static let u = Role("u", "the eastward wind", ["eastward_wind"], units: "m s-1")
  static let v = Role("v", "the northward wind", ["northward_wind"], units: "m s-1")
  static let temperature = Role("temperature", "the air temperature", ["air_temperature"], units: "K")
  static let specificHumidity = Role(
    "specific-humidity", "the specific humidity", ["specific_humidity"], units: "1")
  static let relativeHumidity = Role(
    "relative-humidity", "the relative humidity", ["relative_humidity"], units: "1")
  static let mixingRatio = Role("mixing-ratio", "the mixing ratio", ["humidity_mixing_ratio"], units: "1")
  static let dewPoint = Role("dew-point", "the dew point", ["dew_point_temperature"], units: "K")
  static let pressure = Role("pressure", "the air pressure", ["air_pressure"], units: "Pa")
  static let surfacePressure = Role(
    "surface-pressure", "the surface pressure", ["surface_air_pressure"], units: "Pa")
  static let geopotentialHeight = Role(
    "geopotential-height", "the geopotential height", ["geopotential_height"], units: "m")
  static let geopotential = Role("geopotential", "the geopotential", ["geopotential"], units: "m2 s-2")
}
