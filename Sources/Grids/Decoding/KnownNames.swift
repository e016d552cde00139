/// Standard names that the `long_name` of a file without them spells out.
enum KnownNames {
  /// The standard name that a long name means, if the units fit it: the words of a name of the table, or one of a
  /// few that every centre uses.
  static func standardName(longName: String?, units: String?, inAir: Bool) -> String? {
    guard let longName, let units else { return nil }
    let words = longName.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber })
    // What was done to the values is said by cell methods, not by the name.
    let joined = words.drop { statistics.contains(String($0)) }.joined(separator: "_")
    // Temperature on pressure levels is that of the air.
    let candidate =
      inAir && joined == "temperature"
      ? "air_temperature" : customary[joined] ?? (StandardNames.contains(joined) ? joined : nil)
    guard let candidate, OutputAttributes.accepted(candidate, units: units) != nil else { return nil }
    // `altitude`, `region` and the like are said of too many things.
    return candidate.contains("_") ? candidate : nil
  }

  private static let statistics: Set<String> = [
    "daily", "monthly", "hourly", "yearly", "annual", "mean", "average", "averaged", "avg", "climatological",
  ]

  private static let customary = [
    "temp_at_2_m": "air_temperature", "temperature_at_2_m": "air_temperature",
    "zonal_wind": "eastward_wind", "u_wind": "eastward_wind", "u_component_of_wind": "eastward_wind",
    "u_wind_component": "eastward_wind", "eastward_near_surface_wind": "eastward_wind",
    "10_metre_u_wind_component": "eastward_wind", "eastward_wind_component": "eastward_wind",
    "meridional_wind": "northward_wind", "v_wind": "northward_wind", "v_component_of_wind": "northward_wind",
    "v_wind_component": "northward_wind", "northward_near_surface_wind": "northward_wind",
    "10_metre_v_wind_component": "northward_wind", "northward_wind_component": "northward_wind",
    "sea_level_pressure": "air_pressure_at_mean_sea_level",
    "mean_sea_level_pressure": "air_pressure_at_mean_sea_level",
    "near_surface_air_temperature": "air_temperature", "2_metre_temperature": "air_temperature",
    "2m_temperature": "air_temperature", "air_temperature_at_2m": "air_temperature",
    "relief_of_the_surface_of_the_earth": "surface_altitude", "surface_elevation": "surface_altitude",
  ]
}
