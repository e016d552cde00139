import GridFiles
import Grids

/// CF 5.6 and appendix F: grid mappings.
extension Checker {
  /// Name -> required attributes; `a|b` where one of two is enough.
  static let mappings: [String: [String]] = [
    "albers_conical_equal_area": [
      "standard_parallel", "longitude_of_central_meridian", "latitude_of_projection_origin",
    ],
    "azimuthal_equidistant": ["longitude_of_projection_origin", "latitude_of_projection_origin"],
    "geostationary": [
      "latitude_of_projection_origin", "longitude_of_projection_origin", "perspective_point_height",
      "sweep_angle_axis|fixed_angle_axis",
    ],
    "lambert_azimuthal_equal_area": ["longitude_of_projection_origin", "latitude_of_projection_origin"],
    "lambert_conformal_conic": [
      "standard_parallel", "longitude_of_central_meridian", "latitude_of_projection_origin",
    ],
    "lambert_cylindrical_equal_area": [
      "longitude_of_central_meridian", "standard_parallel|scale_factor_at_projection_origin",
    ],
    "latitude_longitude": [],
    "mercator": ["longitude_of_projection_origin", "standard_parallel|scale_factor_at_projection_origin"],
    "oblique_mercator": [
      "azimuth_of_central_line", "latitude_of_projection_origin", "longitude_of_projection_origin",
      "scale_factor_at_projection_origin",
    ],
    "orthographic": ["longitude_of_projection_origin", "latitude_of_projection_origin"],
    "polar_stereographic": [
      "straight_vertical_longitude_from_pole|longitude_of_projection_origin", "latitude_of_projection_origin",
      "standard_parallel|scale_factor_at_projection_origin",
    ],
    "rotated_latitude_longitude": ["grid_north_pole_latitude", "grid_north_pole_longitude"],
    "sinusoidal": ["longitude_of_projection_origin|longitude_of_central_meridian"],
    "stereographic": [
      "longitude_of_projection_origin", "latitude_of_projection_origin", "scale_factor_at_projection_origin",
    ],
    "transverse_mercator": [
      "scale_factor_at_central_meridian", "longitude_of_central_meridian", "latitude_of_projection_origin",
    ],
    "vertical_perspective": [
      "latitude_of_projection_origin", "longitude_of_projection_origin", "perspective_point_height",
    ],
  ]

  private static let textParameters: Set = [
    "crs_wkt", "grid_mapping_name", "geographic_crs_name", "geoid_name", "geopotential_datum_name",
    "horizontal_datum_name", "prime_meridian_name", "projected_crs_name", "reference_ellipsoid_name",
    "sweep_angle_axis", "fixed_angle_axis",
  ]
  private static let numberParameters: Set = [
    "earth_radius", "false_easting", "false_northing", "grid_north_pole_latitude",
    "grid_north_pole_longitude",
    "inverse_flattening", "latitude_of_projection_origin", "longitude_of_central_meridian",
    "longitude_of_prime_meridian", "longitude_of_projection_origin", "north_pole_grid_longitude",
    "perspective_point_height", "scale_factor_at_central_meridian", "scale_factor_at_projection_origin",
    "semi_major_axis", "semi_minor_axis", "standard_parallel", "straight_vertical_longitude_from_pole",
    "azimuth_of_central_line", "towgs84",
  ]

  mutating func checkGridMappings() {
    for variable in view.variables {
      checkReferenceToMapping(variable)
      if view.uses(of: variable).contains(.gridMapping) { checkMapping(variable) }
    }
  }

  private mutating func checkReferenceToMapping(_ variable: Variable) {
    guard let text = requiredText(variable, "grid_mapping", "5.6") else { return }
    let entries = FileView.gridMappings(text)
    if entries.isEmpty { error("5.6", variable, "grid_mapping", "is empty") }
    if entries.count > 1, entries.contains(where: { $0.coordinates.isEmpty }) {
      error(
        "5.6", variable, "grid_mapping", "is not one name, nor `mapping: coordinate coordinate ...`",
        found: text)
    }
    for entry in entries {
      guard let mapping = view.find(entry.name, from: variable) else {
        error("5.6", variable, "grid_mapping", "names a variable that is not there", found: entry.name)
        continue
      }
      for coordinate in entry.coordinates where view.find(coordinate, from: variable) == nil {
        error(
          "5.6", variable, "grid_mapping", "names a coordinate that is not there", found: coordinate)
      }
      let kinds = view.coordinates(of: variable).map(CoordinateKind.init)
      let needed: [(CoordinateKind, String)]
      switch mapping.attributes["grid_mapping_name"]?.text {
      case "latitude_longitude": needed = [(.latitude, "latitude"), (.longitude, "longitude")]
      case "rotated_latitude_longitude":
        needed = [(.gridLatitude, "grid_latitude"), (.gridLongitude, "grid_longitude")]
      case let name? where Self.mappings[name] != nil:
        needed = [(.projectionX, "projection_x_coordinate"), (.projectionY, "projection_y_coordinate")]
      default: needed = []
      }
      for (kind, name) in needed where !kinds.contains(kind) {
        error(
          "5.6", variable, "grid_mapping",
          "needs a coordinate with the standard_name \(name), and the variable has none", found: entry.name)
      }
    }
  }

  private mutating func checkMapping(_ variable: Variable) {
    for attribute in variable.attributes {
      let isText = attribute.text != nil
      if Self.textParameters.contains(attribute.name), !isText {
        error("5.6", variable, attribute.name, "is not a text", found: attribute.elementType.name)
      }
      if Self.numberParameters.contains(attribute.name), attribute.numbers.isEmpty {
        error("5.6", variable, attribute.name, "is not a number", found: attribute.shown)
      }
    }
    guard let name = variable.attributes["grid_mapping_name"]?.text else {
      if variable.attributes["crs_wkt"] == nil {
        error("5.6", variable, "grid_mapping_name", "is missing")
      } else {
        warning(
          "5.6", variable, "grid_mapping_name", "is missing: only programs that know WKT will place the data")
      }
      return
    }
    guard let required = Self.mappings[name] else {
      error(
        "F", variable, "grid_mapping_name", "is unknown",
        expected: Self.mappings.keys.sorted().joined(separator: ", "), found: name)
      return
    }
    for parameter in required {
      let choices = parameter.split(separator: "|").map(String.init)
      if !choices.contains(where: { variable.attributes[$0] != nil }) {
        error(
          "F", variable, choices[0], "is missing: \(name) needs it",
          expected: choices.joined(separator: " or "))
      }
    }
  }
}
