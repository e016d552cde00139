import GridFiles
import Grids

/// What a coordinate stands for, as its attributes say (CF 4); names of variables are not looked at.
enum CoordinateKind: Sendable, Hashable {
  case latitude, longitude, gridLatitude, gridLongitude, projectionX, projectionY, time, vertical, other

  /// The letter of the attribute `axis`.
  var axis: String? {
    switch self {
    case .latitude, .gridLatitude, .projectionY: "Y"
    case .longitude, .gridLongitude, .projectionX: "X"
    case .time: "T"
    case .vertical: "Z"
    case .other: nil
    }
  }

  static let latitudeUnits: Set = [
    "degrees_north", "degree_north", "degree_N", "degrees_N", "degreeN", "degreesN",
  ]
  static let longitudeUnits: Set = [
    "degrees_east", "degree_east", "degree_E", "degrees_E", "degreeE", "degreesE",
  ]

  private static let byStandardName: [String: CoordinateKind] = [
    "latitude": .latitude, "longitude": .longitude, "grid_latitude": .gridLatitude,
    "grid_longitude": .gridLongitude, "projection_x_coordinate": .projectionX,
    "projection_y_coordinate": .projectionY, "projection_x_angular_coordinate": .projectionX,
    "projection_y_angular_coordinate": .projectionY, "time": .time, "forecast_reference_time": .other,
    "altitude": .vertical, "height": .vertical, "depth": .vertical, "air_pressure": .vertical,
    "model_level_number": .vertical,
    "height_above_geopotential_datum": .vertical, "height_above_reference_ellipsoid": .vertical,
    "height_above_mean_sea_level": .vertical, "geopotential_height": .vertical,
  ]

  init(_ variable: Variable) {
    let standardName = variable.attributes["standard_name"]?.text.flatMap(StandardNames.read)?.name
    let units = variable.attributes["units"]?.text ?? ""
    if let standardName, let kind = Self.byStandardName[standardName] {
      self = kind
    } else if let standardName, FormulaTerms.required[standardName] != nil {
      self = .vertical
    } else if Self.latitudeUnits.contains(units) {
      self = .latitude
    } else if Self.longitudeUnits.contains(units) {
      self = .longitude
    } else if Self.isTimeUnits(units), standardName == nil {
      self = .time
    } else if let positive = variable.attributes["positive"]?.text?.lowercased(),
      positive == "up" || positive == "down"
    {
      self = .vertical
    } else if standardName == nil, !units.isEmpty, Units.areConvertible(units, "Pa") {
      self = .vertical
    } else {
      switch variable.attributes["axis"]?.text?.uppercased() {
      case "T": self = .time
      case "Z": self = .vertical
      default: self = .other
      }
    }
  }

  /// `UNIT since DATE`.
  static func isTimeUnits(_ units: String) -> Bool {
    FileView.words(units.lowercased()).contains("since")
  }
}
