#if canImport(Glibc)
  import Glibc
#endif

/// `mercator`, by a standard parallel or a scale factor (Snyder 1987, chapter 7).
struct Mercator: MapProjection {
  let ellipsoid: Ellipsoid
  let origin: Origin
  let scale: Double

  init(_ mapping: GridMapping) throws(GridError) {
    ellipsoid = Ellipsoid(mapping)
    origin = Origin(mapping, longitude: mapping.optional("longitude_of_projection_origin", 0))
    if let parallel = mapping.attributes["standard_parallel"]?.number, abs(parallel) < 90 {
      scale = ellipsoid.a * ellipsoid.m(parallel * Angle.degree)
    } else {
      scale = ellipsoid.a * mapping.optional("scale_factor_at_projection_origin", 1)
    }
  }

  func forward(_ latitude: Double, _ longitude: Double) -> (x: Double, y: Double) {
    guard abs(latitude) < 90 else { return (.nan, .nan) }
    return origin.point(
      scale * origin.lambda(longitude), -scale * log(ellipsoid.t(latitude * Angle.degree)))
  }

  func inverse(_ x: Double, _ y: Double) -> (latitude: Double, longitude: Double) {
    origin.place(ellipsoid.latitude(t: exp(-(y - origin.northing) / scale)), (x - origin.easting) / scale)
  }
}
