#if canImport(Glibc)
  import Glibc
#endif

/// `albers_conical_equal_area` (Snyder 1987, chapter 14).
struct AlbersEqualArea: MapProjection {
  let ellipsoid: Ellipsoid
  let origin: Origin
  let n: Double
  let c: Double
  let rho0: Double

  init(_ mapping: GridMapping) throws(GridError) {
    ellipsoid = Ellipsoid(mapping)
    let d = Angle.degree
    origin = Origin(mapping, longitude: try mapping.required("longitude_of_central_meridian"))
    let parallels = mapping.attributes["standard_parallel"]?.numbers ?? []
    guard let first = parallels.first, parallels.allSatisfy({ abs($0) <= 90 }) else {
      throw GridError("`standard_parallel` is missing", subject: mapping.variableName)
    }
    let phi0 = try mapping.required("latitude_of_projection_origin") * d
    let phi1 = first * d, phi2 = (parallels.count > 1 ? parallels[1] : first) * d
    let m1 = ellipsoid.m(phi1), m2 = ellipsoid.m(phi2)
    let q1 = ellipsoid.q(phi1), q2 = ellipsoid.q(phi2)
    n = abs(phi1 - phi2) < 1e-10 ? sin(phi1) : (m1 * m1 - m2 * m2) / (q2 - q1)
    guard n != 0, n.isFinite else {
      throw GridError("the standard parallels \(parallels) make no cone", subject: mapping.variableName)
    }
    c = m1 * m1 + n * q1
    rho0 = ellipsoid.a * max(0, c - n * ellipsoid.q(phi0)).squareRoot() / n
  }

  func forward(_ latitude: Double, _ longitude: Double) -> (x: Double, y: Double) {
    let rho = ellipsoid.a * max(0, c - n * ellipsoid.q(latitude * Angle.degree)).squareRoot() / n
    let theta = n * origin.lambda(longitude)
    return origin.point(rho * sin(theta), rho0 - rho * cos(theta))
  }

  func inverse(_ x: Double, _ y: Double) -> (latitude: Double, longitude: Double) {
    let sign: Double = n < 0 ? -1 : 1
    let u = x - origin.easting, v = rho0 - (y - origin.northing)
    let rho2 = (u * u + v * v) * n * n / (ellipsoid.a * ellipsoid.a)
    return origin.place(ellipsoid.latitude(q: (c - rho2) / n), atan2(sign * u, sign * v) / n)
  }
}
