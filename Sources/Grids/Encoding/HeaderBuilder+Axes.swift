import GridFiles

/// Time, levels and whatever else has a coordinate variable.
extension HeaderBuilder {
  mutating func addTime() throws(GridError) {
    guard let axis = description.time else { return }
    let time = try OutputTime(axis)
    self.time = time
    let name = addDimension(axis.name, axis.count, isUnlimited: true, isMap: false)
    for alias in ["time", axis.name] { axisNames[alias] = name }
    var attributes = [Attribute("standard_name", "time"), Attribute("long_name", axis.longName ?? "time")]
    attributes += [
      Attribute("units", time.units), Attribute("calendar", time.calendar), Attribute("axis", "T"),
    ]
    // CF 1.11, 4.4: whether clocks had leap seconds is not known of any input.
    if ["standard", "proleptic_gregorian", "julian"].contains(time.calendar) {
      attributes.append(Attribute("units_metadata", "leap_seconds: unknown"))
    }
    if let comment = time.comment { attributes.append(Attribute("comment", comment)) }
    var bounds: String?
    if time.bounds != nil {
      let free = names.free(axis.isClimatology ? "climatology_bounds" : name + "_bnds")
      bounds = free
      attributes.append(Attribute(axis.isClimatology ? "climatology" : "bounds", free))
    }
    define(name, .float64, [name], attributes, chunks: [512])
    numbers.append((name, time.values))
    if let bounds, let values = time.bounds {
      define(bounds, .float64, [name, pairDimension()], [], chunks: [512, 2])
      numbers.append((bounds, values))
    }
  }

  mutating func addLayer(_ axis: Axis) throws(GridError) {
    // Readers take what is called `time` for the time.
    let isMisnamed = axis.name.lowercased() == "time"
    let name = addDimension(isMisnamed ? "step" : axis.name, axis.count, isMap: false)
    remember(axis, as: name)
    if let labels = axis.labels {
      // CDO takes no text variables: the labels are an attribute of a coordinate that counts.
      let separator = labels.contains { $0.contains(",") || $0.contains(";") } ? "; " : ", "
      let text = labels.map { $0.map { $0 == ";" ? "," : String($0) }.joined() }.joined(separator: separator)
      let attributes = [Attribute("long_name", axis.longName ?? axis.name.spaced), Attribute("labels", text)]
      define(name, .float64, [name], attributes)
      numbers.append((name, (0..<axis.count).map(Double.init)))
      return
    }
    guard axis.kind != .index else { return }
    try addCoordinate(axis, name, isZ: !definition.variables.contains { $0.attributes["axis"]?.text == "Z" })
  }

  /// A coordinate variable with its bounds.
  mutating func addCoordinate(_ axis: Axis, _ name: String, isZ: Bool = true) throws(GridError) {
    guard axis.values.allSatisfy(\.isFinite) else {
      throw GridError("the coordinate has missing or infinite values", subject: axis.name)
    }
    try checkMonotonic(axis)
    var attributes: [Attribute] = []
    switch axis.kind {
    case .latitude, .longitude:
      let isLatitude = axis.kind == .latitude
      attributes = [
        Attribute("standard_name", isLatitude ? "latitude" : "longitude"),
        Attribute("long_name", axis.longName ?? (isLatitude ? "latitude" : "longitude")),
        Attribute("units", isLatitude ? "degrees_north" : "degrees_east"),
        Attribute("axis", isLatitude ? "Y" : "X"),
      ]
    case .gridLatitude, .gridLongitude:
      let isLatitude = axis.kind == .gridLatitude
      attributes = [
        Attribute("standard_name", isLatitude ? "grid_latitude" : "grid_longitude"),
        Attribute(
          "long_name",
          axis.longName ?? (isLatitude ? "latitude in rotated pole grid" : "longitude in rotated pole grid")),
        Attribute("units", "degrees"), Attribute("axis", isLatitude ? "Y" : "X"),
      ]
    case .projectionX, .projectionY:
      let isX = axis.kind == .projectionX
      let isAngle = axis.units.map { Units.areConvertible($0, "radian") && $0 != "1" } ?? false
      let standard = "projection_\(isX ? "x" : "y")_\(isAngle ? "angular_" : "")coordinate"
      attributes = OutputAttributes.quantity(standardName: standard, units: axis.units ?? "m")
      attributes += [
        Attribute("long_name", axis.longName ?? "\(isX ? "x" : "y") coordinate of projection"),
        Attribute("axis", isX ? "X" : "Y"),
      ]
    case .vertical: attributes = verticalAttributes(axis, isZ: isZ)
    case .index, .other:
      attributes = OutputAttributes.quantity(standardName: axis.standardName, units: axis.units)
      attributes.append(Attribute("long_name", axis.longName ?? axis.name.spaced))
      if axis.units?.contains(" since ") == true { attributes.append(Attribute("calendar", "standard")) }
    }
    var bounds: String?
    // Bounds that do not hold their values would be wrong in any reader.
    var known = axis.bounds.flatMap { $0.count == 2 * axis.count ? $0 : nil }
    if axis.kind == .longitude { known = known.map { BoundsCheck.aligned($0, to: axis.values, corners: 2) } }
    if let values = known, BoundsCheck.outside(values, axis.values, corners: 2) > 0 { known = nil }
    if known != nil {
      let free = names.free(name + "_bnds")
      bounds = free
      attributes.append(Attribute("bounds", free))
    }
    define(name, .float64, [name], attributes)
    numbers.append((name, axis.values))
    if let bounds, let values = known {
      define(bounds, .float64, [name, pairDimension()], [])
      numbers.append((bounds, values))
    }
  }

  private mutating func verticalAttributes(_ axis: Axis, isZ: Bool) -> [Attribute] {
    var attributes = OutputAttributes.quantity(standardName: axis.standardName, units: axis.units)
    attributes.append(Attribute("long_name", axis.longName ?? axis.standardName?.spaced ?? axis.name.spaced))
    let units = attributes["units"]?.text
    let isPressure = units.map { $0 != "1" && Units.areConvertible($0, "Pa") } ?? false
    // CF 4.3: all but pressure must say which way is up.
    let positive = axis.positive ?? (isPressure ? "down" : axis.standardName == "depth" ? "down" : nil)
    if let positive { attributes.append(Attribute("positive", positive)) }
    if isZ, positive != nil, let units {
      attributes.append(Attribute("axis", "Z"))
      if vertical == nil, let low = axis.values.min(), let high = axis.values.max() {
        vertical = (low, high, units, positive)
      }
    }
    return attributes
  }

  private func checkMonotonic(_ axis: Axis) throws(GridError) {
    guard axis.count > 1 else { return }
    let rises = axis.values[1] > axis.values[0]
    for index in 1..<axis.count {
      let (a, b) = (axis.values[index - 1], axis.values[index])
      guard a != b, (b > a) == rises else {
        throw GridError(
          "the coordinate is not monotonic: \(a) is followed by \(b)", subject: axis.name,
          remedy: "a CF coordinate must rise or fall throughout")
      }
    }
  }

  mutating func remember(_ axis: Axis, as name: String) {
    var aliases = [axis.name]
    if let standardName = axis.standardName { aliases.append(standardName) }
    switch axis.kind {
    case .latitude: aliases += ["latitude", "lat"]
    case .longitude: aliases += ["longitude", "lon"]
    default: break
    }
    for alias in aliases where axisNames[alias] == nil { axisNames[alias] = name }
  }
}
