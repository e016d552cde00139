#if canImport(Glibc)
  import Glibc
#endif

/// `lambert_conformal_conic` with one or two standard parallels (Snyder 1987, chapter 15).
struct LambertConformal: MapProjection {
  let ellipsoid: Ellipsoid
  let origin: Origin
  let n: Double
  let f: Double
  let rho0: Double

  init(_ mapping: GridMapping) throws(GridError) {
    ellipsoid = Ellipsoid(mapping)
    let d = Angle.degree
    origin = Origin(mapping, longitude: try mapping.required("longitude_of_central_meridian"))
    let parallels = mapping.attributes["standard_parallel"]?.numbers ?? []
    let phi0 = try mapping.required("latitude_of_projection_origin") * d
    guard let first = parallels.first ?? mapping.attributes["latitude_of_projection_origin"]?.number,
      parallels.allSatisfy({ abs($0) < 90 })
    else { throw GridError("`standard_parallel` is missing", subject: mapping.variableName) }
    let phi1 = first * d, phi2 = (parallels.count > 1 ? parallels[1] : first) * d
    let m1 = ellipsoid.m(phi1), m2 = ellipsoid.m(phi2)
    let t0 = ellipsoid.t(phi0), t1 = ellipsoid.t(phi1), t2 = ellipsoid.t(phi2)
    n = abs(phi1 - phi2) < 1e-10 ? sin(phi1) : (log(m1) - log(m2)) / (log(t1) - log(t2))
    guard n != 0, n.isFinite else {
      throw GridError("the standard parallels \(parallels) make no cone", subject: mapping.variableName)
    }
    f = m1 / (n * pow(t1, n)) * mapping.optional("scale_factor_at_projection_origin", 1)
    rho0 = ellipsoid.a * f * pow(t0, n)
  }

  func forward(_ latitude: Double, _ longitude: Double) -> (x: Double, y: Double) {
    let rho = ellipsoid.a * f * pow(ellipsoid.t(latitude * Angle.degree), n)
    let theta = n * origin.lambda(longitude)
    return origin.point(rho * sin(theta), rho0 - rho * cos(theta))
  }

  func inverse(_ x: Double, _ y: Double) -> (latitude: Double, longitude: Double) {
    let sign: Double = n < 0 ? -1 : 1
    let u = sign * (x - origin.easting), v = sign * (rho0 - (y - origin.northing))
    let rho = sign * (u * u + v * v).squareRoot()
    if rho == 0 { return origin.place(sign * .pi / 2, 0) }
    return origin.place(ellipsoid.latitude(t: pow(rho / (ellipsoid.a * f), 1 / n)), atan2(u, v) / n)
  }
}
