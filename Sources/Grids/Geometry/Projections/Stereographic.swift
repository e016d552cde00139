#if canImport(Glibc)
  import Glibc
#endif

/// `stereographic` and `polar_stereographic` (Snyder 1987, chapter 21): the ellipsoid through conformal latitudes.
struct Stereographic: MapProjection {
  let ellipsoid: Ellipsoid
  let origin: Origin
  /// Conformal latitude of the origin; +-90 degrees for the polar aspect.
  let chi0: Double
  let phi0: Double
  /// 2 a k0 m0 / cos(chi0), or for the polar aspect what multiplies t.
  let factor: Double
  /// 1 about the north pole, -1 about the south pole, 0 elsewhere.
  let pole: Double

  init(_ mapping: GridMapping, polar: Bool) throws(GridError) {
    ellipsoid = Ellipsoid(mapping)
    let meridian: Double
    if polar, let straight = mapping.attributes["straight_vertical_longitude_from_pole"]?.number {
      meridian = straight
    } else {
      meridian = try mapping.required("longitude_of_projection_origin")
    }
    origin = Origin(mapping, longitude: meridian)
    let latitude = try mapping.required("latitude_of_projection_origin")
    phi0 = latitude * Angle.degree
    let k0 = mapping.optional("scale_factor_at_projection_origin", 1)
    let e = ellipsoid.e
    if abs(abs(latitude) - 90) < 1e-9 {
      pole = latitude > 0 ? 1 : -1
      chi0 = phi0
      if let parallel = mapping.attributes["standard_parallel"]?.number, abs(abs(parallel) - 90) > 1e-9 {
        // 21-34: true scale at a parallel.
        let phi = pole * parallel * Angle.degree
        factor = ellipsoid.a * ellipsoid.m(phi) / ellipsoid.t(phi)
      } else {
        // 21-33: a scale at the pole.
        factor = 2 * ellipsoid.a * k0 / (pow(1 + e, 1 + e) * pow(1 - e, 1 - e)).squareRoot()
      }
    } else {
      pole = 0
      chi0 = .pi / 2 - 2 * atan(ellipsoid.t(phi0))
      factor = 2 * ellipsoid.a * k0 * ellipsoid.m(phi0) / cos(chi0)
    }
  }

  func forward(_ latitude: Double, _ longitude: Double) -> (x: Double, y: Double) {
    let lambda = origin.lambda(longitude), phi = latitude * Angle.degree
    if pole != 0 {
      let rho = factor * ellipsoid.t(pole * phi)
      return origin.point(rho * sin(lambda), -pole * rho * cos(lambda))
    }
    let chi = .pi / 2 - 2 * atan(ellipsoid.t(phi))
    let nearness = 1 + sin(chi0) * sin(chi) + cos(chi0) * cos(chi) * cos(lambda)
    guard nearness > 1e-12 else { return (.nan, .nan) }
    let a = factor / nearness
    return origin.point(
      a * cos(chi) * sin(lambda), a * (cos(chi0) * sin(chi) - sin(chi0) * cos(chi) * cos(lambda)))
  }

  func inverse(_ x: Double, _ y: Double) -> (latitude: Double, longitude: Double) {
    let u = x - origin.easting, v = y - origin.northing
    let rho = (u * u + v * v).squareRoot()
    if rho < 1e-9 { return origin.place(phi0, 0) }
    if pole != 0 {
      return origin.place(pole * ellipsoid.latitude(t: rho / factor), atan2(u, -pole * v))
    }
    let c = 2 * atan2(rho, factor)
    let chi = asin(max(-1, min(1, cos(c) * sin(chi0) + v * sin(c) * cos(chi0) / rho)))
    let lambda = atan2(u * sin(c), rho * cos(chi0) * cos(c) - v * sin(chi0) * sin(c))
    return origin.place(ellipsoid.latitude(t: tan(.pi / 4 - chi / 2)), lambda)
  }
}
