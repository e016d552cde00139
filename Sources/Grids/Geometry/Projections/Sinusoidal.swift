#if canImport(Glibc)
  import Glibc
#endif

/// `sinusoidal` on the sphere (Snyder 1987, chapter 30), as MODIS uses it (radius 6371007.181 m).
struct Sinusoidal: MapProjection {
  let radius: Double
  let origin: Origin

  init(_ mapping: GridMapping) throws(GridError) {
    let ellipsoid = Ellipsoid(mapping)
    guard ellipsoid.e2 == 0 else {
      throw GridError(
        "the sinusoidal projection is known here on a sphere only", subject: mapping.variableName,
        remedy: "state `earth_radius`, or give 2-D latitude and longitude")
    }
    radius = ellipsoid.a
    origin = Origin(
      mapping,
      longitude: mapping.optional(
        "longitude_of_projection_origin", mapping.optional("longitude_of_central_meridian", 0)))
  }

  func forward(_ latitude: Double, _ longitude: Double) -> (x: Double, y: Double) {
    let phi = latitude * Angle.degree
    return origin.point(radius * origin.lambda(longitude) * cos(phi), radius * phi)
  }

  func inverse(_ x: Double, _ y: Double) -> (latitude: Double, longitude: Double) {
    let phi = (y - origin.northing) / radius
    guard abs(phi) <= .pi / 2 else { return (.nan, .nan) }
    let width = radius * cos(phi)
    let lambda = width > 1e-9 ? (x - origin.easting) / width : 0
    guard abs(lambda) <= .pi * (1 + 1e-9) else { return (.nan, .nan) }
    return origin.place(phi, lambda)
  }
}
