import GridFiles

/// What a coordinate variable is the coordinate of.
enum CoordinateKind: Hashable {
  case time
  case latitude, longitude, gridLatitude, gridLongitude, projectionX, projectionY, vertical
  case other

  var axis: Axis.Kind {
    switch self {
    case .latitude: .latitude
    case .longitude: .longitude
    case .gridLatitude: .gridLatitude
    case .gridLongitude: .gridLongitude
    case .projectionX: .projectionX
    case .projectionY: .projectionY
    case .vertical: .vertical
    case .time, .other: .other
    }
  }
}

extension CoordinateKind {
  /// The kind by the attributes, the strongest first; nil when they do not say.
  static func byAttributes(_ entry: Scope.Entry) -> CoordinateKind? {
    if let name = entry.standardName?.lowercased(), let kind = standardNames[name] { return kind }
    let units = entry.text("units")
    if let units {
      if latitudeUnits.contains(units.lowercased()) { return .latitude }
      if longitudeUnits.contains(units.lowercased()) { return .longitude }
      if units.lowercased().contains(" since ") {
        // A time that is not *the* time of the data (forecast reference time, ...) has a name that says so.
        return entry.standardName == nil || entry.standardName == "time" ? .time : .other
      }
    }
    if let type = entry.text("_CoordinateAxisType"), let kind = axisTypes[type.lowercased()] { return kind }
    if let name = entry.standardName?.lowercased() {
      if name.hasPrefix("atmosphere_") && name.hasSuffix("_coordinate") { return .vertical }
      if name.hasPrefix("ocean_") && name.contains("coordinate") { return .vertical }
    }
    if let axis = entry.text("axis")?.uppercased() {
      switch axis {
      case "T": return .time
      case "Z": return .vertical
      case "Y":
        return isAngle(units) ? .latitude : isLength(units) ? .projectionY : nil
      case "X":
        return isAngle(units) ? .longitude : isLength(units) ? .projectionX : nil
      default: break
      }
    }
    if let positive = entry.text("positive")?.lowercased(), positive == "up" || positive == "down" {
      return .vertical
    }
    if let units, entry.standardName == nil, Units.areConvertible(units, "Pa") { return .vertical }
    return nil
  }

  /// The kind that names suggest, when attributes say nothing against it.
  static func byName(_ name: String) -> CoordinateKind? { names[name.lowercased()] }

  /// Units in which the pressure of air is given; that of sea water is in decibar.
  static func isAirPressure(_ units: String) -> Bool {
    let text = units.lowercased()
    return units != "1" && !text.contains("dbar") && !text.contains("decibar")
      && Units.areConvertible(units, "Pa")
  }

  private static func isAngle(_ units: String?) -> Bool {
    units.map { Units.areConvertible($0, "degree") && $0 != "1" } ?? false
  }
  private static func isLength(_ units: String?) -> Bool {
    units.map { Units.areConvertible($0, "m") } ?? false
  }

  private static let latitudeUnits: Set<String> = [
    "degrees_north", "degree_north", "degrees_n", "degree_n", "degreesn", "degreen",
  ]
  private static let longitudeUnits: Set<String> = [
    "degrees_east", "degree_east", "degrees_e", "degree_e", "degreese", "degreee",
  ]
  private static let standardNames: [String: CoordinateKind] = [
    "latitude": .latitude, "longitude": .longitude, "grid_latitude": .gridLatitude,
    "grid_longitude": .gridLongitude, "projection_x_coordinate": .projectionX,
    "projection_y_coordinate": .projectionY, "projection_x_angular_coordinate": .projectionX,
    "projection_y_angular_coordinate": .projectionY, "time": .time, "air_pressure": .vertical,
    "height": .vertical, "altitude": .vertical, "depth": .vertical, "geopotential_height": .vertical,
    "model_level_number": .vertical, "height_above_mean_sea_level": .vertical,
    "height_above_reference_ellipsoid": .vertical, "sea_water_pressure": .vertical,
    "air_potential_temperature": .vertical, "forecast_reference_time": .other, "forecast_period": .other,
    "realization": .other,
  ]
  private static let axisTypes: [String: CoordinateKind] = [
    "lat": .latitude, "lon": .longitude, "time": .time, "height": .vertical, "pressure": .vertical,
    "geoz": .vertical, "geox": .projectionX, "geoy": .projectionY, "ensemble": .other, "runtime": .other,
  ]
  private static let names: [String: CoordinateKind] = [
    "lat": .latitude, "latitude": .latitude, "lats": .latitude, "nav_lat": .latitude, "xlat": .latitude,
    "xlat_m": .latitude, "gridlat": .latitude, "gridlat_0": .latitude, "lat_0": .latitude,
    "yt_ocean": .latitude,
    "lon": .longitude, "longitude": .longitude, "lons": .longitude, "long": .longitude, "nav_lon": .longitude,
    "xlong": .longitude, "xlong_m": .longitude, "gridlon": .longitude, "lon_0": .longitude,
    "rlat": .gridLatitude, "grid_latitude": .gridLatitude, "rlon": .gridLongitude,
    "grid_longitude": .gridLongitude, "time": .time, "valid_time": .time, "times": .time, "t": .time,
    "lev": .vertical, "level": .vertical, "levels": .vertical, "plev": .vertical, "depth": .vertical,
    "height": .vertical, "altitude": .vertical, "pressure": .vertical, "isobaricinhpa": .vertical,
  ]
}
