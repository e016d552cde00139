#if canImport(Glibc)
  import Glibc
#endif

/// `transverse_mercator` by Krueger's series to the fourth order in the third flattening (Karney 2011,
/// equations 7 to 36): better than a micrometre within 3900 km of the central meridian.
struct TransverseMercator: MapProjection {
  let ellipsoid: Ellipsoid
  let origin: Origin
  let scale: Double
  let y0: Double
  let alpha: [Double]
  let beta: [Double]

  init(_ mapping: GridMapping) throws(GridError) {
    ellipsoid = Ellipsoid(mapping)
    origin = Origin(mapping, longitude: try mapping.required("longitude_of_central_meridian"))
    let f = 1 - (1 - ellipsoid.e2).squareRoot(), n = f / (2 - f)
    let n2 = n * n, n3 = n2 * n, n4 = n2 * n2
    scale =
      mapping.optional("scale_factor_at_central_meridian", 1) * ellipsoid.a / (1 + n) * (1 + n2 / 4 + n4 / 64)
    alpha = [
      n / 2 - 2 * n2 / 3 + 5 * n3 / 16 + 41 * n4 / 180, 13 * n2 / 48 - 3 * n3 / 5 + 557 * n4 / 1440,
      61 * n3 / 240 - 103 * n4 / 140, 49561 * n4 / 161280,
    ]
    beta = [
      n / 2 - 2 * n2 / 3 + 37 * n3 / 96 - n4 / 360, n2 / 48 + n3 / 15 - 437 * n4 / 1440,
      17 * n3 / 480 - 37 * n4 / 840, 4397 * n4 / 161280,
    ]
    let phi0 = mapping.optional("latitude_of_projection_origin", 0) * Angle.degree
    let chi = TransverseMercator.conformal(phi0, ellipsoid)
    var y = chi
    for k in 0..<4 { y += alpha[k] * sin(2 * Double(k + 1) * chi) }
    y0 = scale * y
  }

  static func conformal(_ phi: Double, _ ellipsoid: Ellipsoid) -> Double {
    .pi / 2 - 2 * atan(ellipsoid.t(phi))
  }

  func forward(_ latitude: Double, _ longitude: Double) -> (x: Double, y: Double) {
    let lambda = origin.lambda(longitude)
    guard abs(lambda) < .pi / 2 - 1e-6 else { return (.nan, .nan) }
    let chi = TransverseMercator.conformal(latitude * Angle.degree, ellipsoid)
    let xi = atan2(tan(chi), cos(lambda)), eta = atanh(cos(chi) * sin(lambda))
    var (x, y) = (eta, xi)
    for k in 0..<4 {
      let m = 2 * Double(k + 1)
      y += alpha[k] * sin(m * xi) * cosh(m * eta)
      x += alpha[k] * cos(m * xi) * sinh(m * eta)
    }
    return origin.point(scale * x, scale * y - y0)
  }

  func inverse(_ x: Double, _ y: Double) -> (latitude: Double, longitude: Double) {
    let xi = (y - origin.northing + y0) / scale, eta = (x - origin.easting) / scale
    var (u, v) = (xi, eta)
    for k in 0..<4 {
      let m = 2 * Double(k + 1)
      u -= beta[k] * sin(m * xi) * cosh(m * eta)
      v -= beta[k] * cos(m * xi) * sinh(m * eta)
    }
    let chi = asin(max(-1, min(1, sin(u) / cosh(v))))
    return origin.place(ellipsoid.latitude(t: tan(.pi / 4 - chi / 2)), atan2(sinh(v), cos(u)))
  }
}
