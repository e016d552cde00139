#if canImport(Glibc)
  import Glibc
#endif

/// `geostationary`: scanning angles (radians) of a satellite above the equator, `sweep_angle_axis` x or y
/// (CGMS 03, Coordination Group for Meteorological Satellites 1999; GOES-R product guide, volume 3).
struct Geostationary: MapProjection {
  let ellipsoid: Ellipsoid
  let origin: Origin
  /// From the Earth's centre, metres.
  let distance: Double
  let height: Double
  let sweepsX: Bool

  init(_ mapping: GridMapping) throws(GridError) {
    ellipsoid = Ellipsoid(mapping)
    origin = Origin(mapping, longitude: try mapping.required("longitude_of_projection_origin"))
    height = try mapping.required("perspective_point_height")
    guard height > 0 else {
      throw GridError("`perspective_point_height` is \(height)", subject: mapping.variableName)
    }
    distance = ellipsoid.a + height
    sweepsX =
      mapping.attributes["sweep_angle_axis"]?.text == "x"
      || (mapping.attributes["sweep_angle_axis"] == nil
        && mapping.attributes["fixed_angle_axis"]?.text == "y")
  }

  func forward(_ latitude: Double, _ longitude: Double) -> (x: Double, y: Double) {
    let ratio2 = 1 - ellipsoid.e2
    let phi = atan(ratio2 * tan(latitude * Angle.degree)), lambda = origin.lambda(longitude)
    let r = ellipsoid.a * (ratio2 / (1 - ellipsoid.e2 * cos(phi) * cos(phi))).squareRoot()
    let x = distance - r * cos(phi) * cos(lambda), y = r * cos(phi) * sin(lambda), z = r * sin(phi)
    // Behind the horizon.
    guard distance * (distance - x) > y * y + z * z / ratio2 + (distance - x) * (distance - x) else {
      return (.nan, .nan)
    }
    let length = (x * x + y * y + z * z).squareRoot()
    return sweepsX
      ? origin.point(asin(y / length), atan2(z, x)) : origin.point(atan2(y, x), asin(z / length))
  }

  func inverse(_ x: Double, _ y: Double) -> (latitude: Double, longitude: Double) {
    let ratio2 = 1 - ellipsoid.e2
    let u = x - origin.easting, v = y - origin.northing
    // The direction of sight from the satellite.
    let (dx, dy, dz) =
      sweepsX
      ? (cos(u) * cos(v), sin(u), cos(u) * sin(v)) : (cos(u) * cos(v), sin(u) * cos(v), sin(v))
    let a = dx * dx + dy * dy + dz * dz / ratio2
    let b = -2 * distance * dx
    let c = distance * distance - ellipsoid.a * ellipsoid.a
    let under = b * b - 4 * a * c
    guard under >= 0 else { return (.nan, .nan) }
    let s = (-b - under.squareRoot()) / (2 * a)
    let px = distance - s * dx, py = s * dy, pz = s * dz
    return origin.place(atan(pz / (ratio2 * (px * px + py * py).squareRoot())), atan2(py, px))
  }
}
