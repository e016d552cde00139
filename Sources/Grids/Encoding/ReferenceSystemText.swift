import GridFiles

/// The WKT 2 (ISO 19162) text of a CF grid mapping, for `crs_wkt`. Where a mapping is of another kind, or lacks a
/// parameter, there is none: a wrong text would outweigh the right attributes.
///
/// Written: latitude_longitude, rotated_latitude_longitude, lambert_azimuthal_equal_area,
/// lambert_conformal_conic, polar_stereographic, mercator, transverse_mercator, albers_conical_equal_area.
struct ReferenceSystemText {
  private let attributes: [Attribute]
  private let unit: (name: String, metres: Double)

  /// - Parameter axisUnits: units of the projection coordinates.
  static func text(_ attributes: [Attribute], axisUnits: String?) -> String? {
    let unit: (String, Double)
    switch axisUnits {
    case "km", "kilometre", "kilometer", "kilometers": unit = ("kilometre", 1000)
    case nil, "m", "metre", "meter", "meters", "metres": unit = ("metre", 1)
    default: return nil
    }
    return ReferenceSystemText(attributes: attributes, unit: unit).system
  }

  private func number(_ name: String) -> Double? {
    guard let value = attributes[name]?.number, value.isFinite else { return nil }
    return value
  }

  private var system: String? {
    guard let base = datum else { return nil }
    switch attributes["grid_mapping_name"]?.text {
    case "latitude_longitude":
      return "GEOGCRS[\"\(name)\",\(base),\(Self.ellipsoidalAxes)]"
    case "rotated_latitude_longitude":
      guard let latitude = number("grid_north_pole_latitude"),
        let longitude = number("grid_north_pole_longitude")
      else { return nil }
      let method = "Pole rotation (netCDF CF convention)"
      let parameters = [
        angle("Grid north pole latitude (netCDF CF convention)", latitude),
        angle("Grid north pole longitude (netCDF CF convention)", longitude),
        angle("North pole grid longitude (netCDF CF convention)", number("north_pole_grid_longitude") ?? 0),
      ]
      return "GEOGCRS[\"rotated pole\",BASEGEOGCRS[\"\(name)\",\(base)],"
        + "DERIVINGCONVERSION[\"\(method)\",METHOD[\"\(method)\"],\(parameters.joined(separator: ","))],"
        + "\(Self.ellipsoidalAxes)]"
    default:
      guard let conversion else { return nil }
      let length = "LENGTHUNIT[\"\(unit.name)\",\(Self.digits(unit.metres))]"
      return "PROJCRS[\"unknown\",BASEGEOGCRS[\"\(name)\",\(base)],CONVERSION[\"unknown\",\(conversion)],"
        + "CS[Cartesian,2],AXIS[\"easting\",east,ORDER[1],\(length)],AXIS[\"northing\",north,ORDER[2],\(length)]]"
    }
  }

  private var conversion: String? {
    let easting = number("false_easting") ?? 0
    let northing = number("false_northing") ?? 0
    func false0(_ first: String, _ second: String) -> [String] {
      [length(first, easting), length(second, northing)]
    }
    let natural = false0("False easting", "False northing")
    let parallels = attributes["standard_parallel"]?.numbers ?? []
    let latitude = number("latitude_of_projection_origin")
    switch attributes["grid_mapping_name"]?.text {
    case "lambert_azimuthal_equal_area":
      guard let latitude, let longitude = number("longitude_of_projection_origin") else { return nil }
      return method(
        "Lambert Azimuthal Equal Area", 9820,
        [angle("Latitude of natural origin", latitude), angle("Longitude of natural origin", longitude)]
          + natural)
    case "lambert_conformal_conic":
      guard let longitude = number("longitude_of_central_meridian"), let latitude else { return nil }
      if parallels.count == 1, parallels[0] == latitude {
        return method(
          "Lambert Conic Conformal (1SP)", 9801,
          [
            angle("Latitude of natural origin", latitude), angle("Longitude of natural origin", longitude),
            scale("Scale factor at natural origin", 1),
          ] + natural)
      }
      guard let first = parallels.first, let last = parallels.last else { return nil }
      return method(
        "Lambert Conic Conformal (2SP)", 9802,
        [
          angle("Latitude of false origin", latitude), angle("Longitude of false origin", longitude),
          angle("Latitude of 1st standard parallel", first), angle("Latitude of 2nd standard parallel", last),
        ] + false0("Easting at false origin", "Northing at false origin"))
    case "albers_conical_equal_area":
      guard let longitude = number("longitude_of_central_meridian"), let latitude,
        let first = parallels.first,
        let last = parallels.last
      else { return nil }
      return method(
        "Albers Equal Area", 9822,
        [
          angle("Latitude of false origin", latitude), angle("Longitude of false origin", longitude),
          angle("Latitude of 1st standard parallel", first), angle("Latitude of 2nd standard parallel", last),
        ] + false0("Easting at false origin", "Northing at false origin"))
    case "polar_stereographic":
      guard let latitude, abs(latitude) == 90,
        let longitude = number("straight_vertical_longitude_from_pole")
          ?? number("longitude_of_projection_origin")
      else { return nil }
      if let parallel = parallels.first, parallels.count == 1 {
        guard parallel.sign == latitude.sign else { return nil }
        return method(
          "Polar Stereographic (variant B)", 9829,
          [angle("Latitude of standard parallel", parallel), angle("Longitude of origin", longitude)]
            + natural)
      }
      guard let factor = number("scale_factor_at_projection_origin") else { return nil }
      return method(
        "Polar Stereographic (variant A)", 9810,
        [
          angle("Latitude of natural origin", latitude), angle("Longitude of natural origin", longitude),
          scale("Scale factor at natural origin", factor),
        ] + natural)
    case "mercator":
      guard let longitude = number("longitude_of_projection_origin") else { return nil }
      if let parallel = parallels.first, parallels.count == 1 {
        return method(
          "Mercator (variant B)", 9805,
          [
            angle("Latitude of 1st standard parallel", parallel),
            angle("Longitude of natural origin", longitude),
          ]
            + natural)
      }
      return method(
        "Mercator (variant A)", 9804,
        [
          angle("Latitude of natural origin", 0), angle("Longitude of natural origin", longitude),
          scale("Scale factor at natural origin", number("scale_factor_at_projection_origin") ?? 1),
        ] + natural)
    case "transverse_mercator":
      guard let latitude, let longitude = number("longitude_of_central_meridian") else { return nil }
      return method(
        "Transverse Mercator", 9807,
        [
          angle("Latitude of natural origin", latitude), angle("Longitude of natural origin", longitude),
          scale("Scale factor at natural origin", number("scale_factor_at_central_meridian") ?? 1),
        ] + natural)
    default: return nil
    }
  }

  private var name: String { number("semi_major_axis") == 6_378_137 ? "WGS 84" : "unknown" }

  /// Datum and prime meridian; of the ellipsoid two of three numbers are given, or the radius of a sphere.
  private var datum: String? {
    let major: Double
    let inverse: Double
    if let radius = number("earth_radius") {
      (major, inverse) = (radius, 0)
    } else if let a = number("semi_major_axis") {
      major = a
      if let f = number("inverse_flattening") {
        inverse = f
      } else if let b = number("semi_minor_axis") {
        inverse = a == b ? 0 : a / (a - b)
      } else {
        inverse = 298.257223563
      }
    } else {
      (major, inverse) = (6_378_137, 298.257223563)
    }
    guard major > 1e6, major < 1e8, inverse == 0 || inverse > 100 else { return nil }
    let meridian = number("longitude_of_prime_meridian") ?? 0
    let isWGS84 = major == 6_378_137 && abs(inverse - 298.257223563) < 1e-9
    let names = isWGS84 ? ("World Geodetic System 1984", "WGS 84") : ("unknown", "unknown")
    return "DATUM[\"\(names.0)\",ELLIPSOID[\"\(names.1)\",\(Self.digits(major)),\(Self.digits(inverse)),"
      + "LENGTHUNIT[\"metre\",1]]],PRIMEM[\"\(meridian == 0 ? "Greenwich" : "unknown")\",\(Self.digits(meridian)),"
      + "\(Self.degree)]"
  }

  private static let degree = "ANGLEUNIT[\"degree\",0.0174532925199433]"
  private static let ellipsoidalAxes =
    "CS[ellipsoidal,2],AXIS[\"latitude\",north,ORDER[1],\(degree)],AXIS[\"longitude\",east,ORDER[2],\(degree)]"

  private func method(_ name: String, _ code: Int, _ parameters: [String]) -> String {
    "METHOD[\"\(name)\",ID[\"EPSG\",\(code)]],\(parameters.joined(separator: ","))"
  }
  private func angle(_ name: String, _ value: Double) -> String {
    "PARAMETER[\"\(name)\",\(Self.digits(value)),\(Self.degree)]"
  }
  private func scale(_ name: String, _ value: Double) -> String {
    "PARAMETER[\"\(name)\",\(Self.digits(value)),SCALEUNIT[\"unity\",1]]"
  }
  /// CF gives false easting and northing in the units of the coordinates.
  private func length(_ name: String, _ value: Double) -> String {
    "PARAMETER[\"\(name)\",\(Self.digits(value)),LENGTHUNIT[\"\(unit.name)\",\(Self.digits(unit.metres))]]"
  }

  /// Shortest text that is the number, without a needless `.0`.
  static func digits(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
