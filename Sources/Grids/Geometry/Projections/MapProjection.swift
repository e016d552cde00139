import GridFiles

/// A map projection: from degrees to the plane (metres; degrees for a rotated pole) and back.
package protocol MapProjection: Sendable {
  /// NaN where the place is not on the map.
  func forward(_ latitude: Double, _ longitude: Double) -> (x: Double, y: Double)
  /// NaN where the point is not on the Earth.
  func inverse(_ x: Double, _ y: Double) -> (latitude: Double, longitude: Double)
  /// True when x and y are angles in degrees, not metres (`geostationary`: radians).
  var isAngular: Bool { get }
}

extension MapProjection {
  package var isAngular: Bool { false }

  /// What x and y of these axes are multiplied by to become the projection's own units.
  func axisScale(_ y: Axis, _ x: Axis) -> (x: Double, y: Double) {
    (unitScale(x.units), unitScale(y.units))
  }

  private func unitScale(_ units: String?) -> Double {
    switch units?.lowercased() {
    case "km", "kilometer", "kilometers", "kilometre", "kilometres": 1000
    case "rad", "radian", "radians": isAngular ? 1 / Angle.degree : 1
    default: 1
    }
  }
}

extension Grid {
  /// The projection that the grid mapping says; nil without a mapping, or with one that has no formula here
  /// (2-D latitude and longitude then say where the cells are).
  /// - Throws: `GridError` when the mapping lacks a parameter that it needs.
  package func projection() throws(GridError) -> (any MapProjection)? {
    guard let mapping, let name = mapping.name else { return nil }
    switch name {
    case "rotated_latitude_longitude": return try RotatedPole(mapping)
    case "polar_stereographic": return try Stereographic(mapping, polar: true)
    case "stereographic": return try Stereographic(mapping, polar: false)
    case "lambert_conformal_conic": return try LambertConformal(mapping)
    case "albers_conical_equal_area": return try AlbersEqualArea(mapping)
    case "lambert_azimuthal_equal_area": return try LambertAzimuthal(mapping)
    case "mercator": return try Mercator(mapping)
    case "transverse_mercator": return try TransverseMercator(mapping)
    case "sinusoidal": return try Sinusoidal(mapping)
    case "geostationary": return try Geostationary(mapping)
    default: return nil
    }
  }

  /// The same grid with 2-D latitude and longitude computed from the mapping, when it has none.
  /// - Throws: `GridError` when the grid has neither 2-D coordinates nor a mapping that is known here.
  public func withComputedCenters() throws(GridError) -> Grid {
    guard kind == .rotatedPole || kind == .projected, latitudes.count != count || longitudes.count != count
    else { return self }
    guard let projection = try projection() else {
      throw GridError(
        "the grid has no 2-D latitude and longitude, and its mapping `\(mapping?.name ?? "none")` is not known",
        subject: mapping?.variableName ?? x.name, remedy: "give `coordinates:` with latitude and longitude")
    }
    var grid = self
    let scale = projection.axisScale(y, x)
    grid.latitudes = []
    grid.longitudes = []
    grid.latitudes.reserveCapacity(count)
    grid.longitudes.reserveCapacity(count)
    for v in y.values {
      for u in x.values {
        let place = projection.inverse(u * scale.x, v * scale.y)
        grid.latitudes.append(place.latitude)
        grid.longitudes.append(place.longitude)
      }
    }
    return grid
  }
}

extension GridMapping {
  /// - Throws: when the attribute is not there or has no number.
  func required(_ name: String) throws(GridError) -> Double {
    guard let value = attributes[name]?.number, value.isFinite else {
      throw GridError(
        "the grid mapping `\(self.name ?? "")` has no number `\(name)`", subject: variableName,
        remedy: "add the attribute to `attributes:` of the input")
    }
    return value
  }

  func optional(_ name: String, _ otherwise: Double) -> Double {
    guard let value = attributes[name]?.number, value.isFinite else { return otherwise }
    return value
  }
}
