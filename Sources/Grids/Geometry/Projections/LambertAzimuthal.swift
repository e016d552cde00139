#if canImport(Glibc)
  import Glibc
#endif

/// `lambert_azimuthal_equal_area` (Snyder 1987, chapter 24; the ellipsoid through authalic latitudes).
struct LambertAzimuthal: MapProjection {
  let ellipsoid: Ellipsoid
  let origin: Origin
  let phi0: Double
  let beta0: Double
  let qPole: Double
  let radius: Double
  let d: Double

  init(_ mapping: GridMapping) throws(GridError) {
    ellipsoid = Ellipsoid(mapping)
    origin = Origin(mapping, longitude: try mapping.required("longitude_of_projection_origin"))
    phi0 = try mapping.required("latitude_of_projection_origin") * Angle.degree
    qPole = ellipsoid.q(.pi / 2)
    radius = ellipsoid.a * (qPole / 2).squareRoot()
    beta0 = asin(max(-1, min(1, ellipsoid.q(phi0) / qPole)))
    // At a pole both go to 0 and their quotient to 1.
    d = abs(abs(phi0) - .pi / 2) < 1e-10 ? 1 : ellipsoid.a * ellipsoid.m(phi0) / (radius * cos(beta0))
  }

  func forward(_ latitude: Double, _ longitude: Double) -> (x: Double, y: Double) {
    let beta = asin(max(-1, min(1, ellipsoid.q(latitude * Angle.degree) / qPole)))
    let lambda = origin.lambda(longitude)
    let nearness = 1 + sin(beta0) * sin(beta) + cos(beta0) * cos(beta) * cos(lambda)
    guard nearness > 1e-12 else { return (.nan, .nan) }
    let b = radius * (2 / nearness).squareRoot()
    return origin.point(
      b * d * cos(beta) * sin(lambda),
      b / d * (cos(beta0) * sin(beta) - sin(beta0) * cos(beta) * cos(lambda)))
  }

  func inverse(_ x: Double, _ y: Double) -> (latitude: Double, longitude: Double) {
    let u = (x - origin.easting) / d, v = (y - origin.northing) * d
    let rho = (u * u + v * v).squareRoot()
    if rho < 1e-9 { return origin.place(phi0, 0) }
    guard rho <= 2 * radius else { return (.nan, .nan) }
    let c = 2 * asin(rho / (2 * radius))
    let sine = cos(c) * sin(beta0) + v * sin(c) * cos(beta0) / rho
    let lambda = atan2(u * sin(c), rho * cos(beta0) * cos(c) - v * sin(beta0) * sin(c))
    return origin.place(ellipsoid.latitude(q: qPole * max(-1, min(1, sine))), lambda)
  }
}
