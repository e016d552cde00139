#if canImport(Glibc)
  import Glibc
#endif

/// `rotated_latitude_longitude` (CF appendix F): latitude and longitude about a pole that stands elsewhere.
package struct RotatedPole: MapProjection {
  let poleLatitude: Double
  let poleLongitude: Double
  let poleGridLongitude: Double
  package var isAngular: Bool { true }

  package init(poleLatitude: Double, poleLongitude: Double, poleGridLongitude: Double = 0) {
    (self.poleLatitude, self.poleLongitude) = (poleLatitude, poleLongitude)
    self.poleGridLongitude = poleGridLongitude
  }

  init(_ mapping: GridMapping) throws(GridError) {
    poleLatitude = try mapping.required("grid_north_pole_latitude")
    poleLongitude = try mapping.required("grid_north_pole_longitude")
    poleGridLongitude = mapping.optional("north_pole_grid_longitude", 0)
  }

  package func forward(_ latitude: Double, _ longitude: Double) -> (x: Double, y: Double) {
    let d = Angle.degree
    let lat = latitude * d, lon = (longitude - poleLongitude) * d, pole = poleLatitude * d
    let y = asin(max(-1, min(1, sin(pole) * sin(lat) + cos(pole) * cos(lat) * cos(lon))))
    let x = atan2(-cos(lat) * sin(lon), cos(pole) * sin(lat) - sin(pole) * cos(lat) * cos(lon))
    return (Angle.wrap(x / d - poleGridLongitude), y / d)
  }

  package func inverse(_ x: Double, _ y: Double) -> (latitude: Double, longitude: Double) {
    let d = Angle.degree
    let lat = y * d, lon = (x + poleGridLongitude) * d, pole = poleLatitude * d
    let phi = asin(max(-1, min(1, sin(pole) * sin(lat) + cos(pole) * cos(lat) * cos(lon))))
    let lambda = atan2(-cos(lat) * sin(lon), cos(pole) * sin(lat) - sin(pole) * cos(lat) * cos(lon))
    return (phi / d, Angle.wrap(lambda / d + poleLongitude))
  }
}
