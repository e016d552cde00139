import GridFiles

#if canImport(Glibc)
  import Glibc
#endif

/// The figure of the Earth that a grid mapping states: `earth_radius`, or `semi_major_axis` with
/// `semi_minor_axis` or `inverse_flattening`; `ellipsoid: "sphere"`; WGS 84 when it says nothing, as GDAL and
/// PROJ take it.
package struct Ellipsoid: Sendable, Hashable {
  package let a: Double
  /// The square of the eccentricity, 0 for a sphere.
  package let e2: Double
  package var e: Double { e2.squareRoot() }

  package init(a: Double, e2: Double) { (self.a, self.e2) = (a, e2) }

  init(_ mapping: GridMapping) {
    let attributes = mapping.attributes
    func positive(_ name: String) -> Double? {
      guard let value = attributes[name]?.number, value.isFinite, value > 0 else { return nil }
      return value
    }
    if let major = positive("semi_major_axis") {
      if let minor = positive("semi_minor_axis") {
        self.init(a: major, e2: max(0, 1 - (minor / major) * (minor / major)))
      } else if let inverse = attributes["inverse_flattening"]?.number, inverse > 1 {
        let f = 1 / inverse
        self.init(a: major, e2: f * (2 - f))
      } else {
        self.init(a: major, e2: 0)
      }
    } else if let radius = positive("earth_radius") {
      self.init(a: radius, e2: 0)
    } else {
      let f = 1 / 298.257223563
      self.init(a: 6_378_137, e2: f * (2 - f))
    }
  }

  // Snyder 1987, Map projections: a working manual; equation numbers are his.

  /// 14-15: m.
  func m(_ phi: Double) -> Double { cos(phi) / (1 - e2 * sin(phi) * sin(phi)).squareRoot() }

  /// 15-9: t.
  func t(_ phi: Double) -> Double {
    let s = e * sin(phi)
    return tan(.pi / 4 - phi / 2) / pow((1 - s) / (1 + s), e / 2)
  }

  /// 7-9: the latitude of t, by iteration.
  func latitude(t: Double) -> Double {
    var phi = .pi / 2 - 2 * atan(t)
    for _ in 0..<30 {
      let s = e * sin(phi)
      let next = .pi / 2 - 2 * atan(t * pow((1 - s) / (1 + s), e / 2))
      if abs(next - phi) < 1e-14 { return next }
      phi = next
    }
    return phi
  }

  /// 3-12: q, whose ratio to that of the pole is the sine of the authalic latitude.
  func q(_ phi: Double) -> Double {
    let s = sin(phi)
    if e2 == 0 { return 2 * s }
    return (1 - e2) * (s / (1 - e2 * s * s) - log((1 - e * s) / (1 + e * s)) / (2 * e))
  }

  /// 3-16: the latitude of q, by iteration.
  func latitude(q: Double) -> Double {
    let pole = self.q(.pi / 2)
    if abs(abs(q) - pole) < 1e-13 * pole { return q < 0 ? -.pi / 2 : .pi / 2 }
    guard abs(q) < pole else { return .nan }
    if e2 == 0 { return asin(q / 2) }
    var phi = asin(q / 2)
    for _ in 0..<50 {
      let s = sin(phi), w = 1 - e2 * s * s
      let change =
        w * w / (2 * cos(phi)) * (q / (1 - e2) - s / w + log((1 - e * s) / (1 + e * s)) / (2 * e))
      phi += change
      if abs(change) < 1e-14 { break }
    }
    return phi
  }
}

/// False easting, northing and the central meridian, which all projections share.
struct Origin: Sendable, Hashable {
  let longitude: Double
  let easting: Double
  let northing: Double

  init(_ mapping: GridMapping, longitude: Double) {
    self.longitude = longitude
    easting = mapping.optional("false_easting", 0)
    northing = mapping.optional("false_northing", 0)
  }

  /// Degrees from the central meridian, in radians.
  func lambda(_ longitude: Double) -> Double { Angle.wrap(longitude - self.longitude) * Angle.degree }
  func place(_ phi: Double, _ lambda: Double) -> (latitude: Double, longitude: Double) {
    (phi / Angle.degree, Angle.wrap(lambda / Angle.degree + longitude))
  }
  func point(_ x: Double, _ y: Double) -> (x: Double, y: Double) { (x + easting, y + northing) }
}
