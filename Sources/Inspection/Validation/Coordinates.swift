import GridFiles
import Grids

/// CF chapters 4 and 5: coordinates and what refers to them.
extension Checker {
  mutating func checkCoordinates() {
    for variable in view.variables {
      checkHorizontalUnits(variable)
      checkAxis(variable)
      checkCoordinatesAttribute(variable)
      checkCompression(variable)
      if view.isData(variable) { checkAxesOfData(variable) }
    }
    checkRoles()
  }

  private mutating func checkHorizontalUnits(_ variable: Variable) {
    guard !view.isBounds(variable), !variable.type.isText,
      let name = variable.attributes["standard_name"]?.text.flatMap(StandardNames.read)?.name,
      name == "latitude" || name == "longitude"
    else { return }
    let units = variable.attributes["units"]?.text
    let legal = name == "latitude" ? CoordinateKind.latitudeUnits : CoordinateKind.longitudeUnits
    let best = name == "latitude" ? "degrees_north" : "degrees_east"
    let section = name == "latitude" ? "4.1" : "4.2"
    if let units, !legal.contains(units), Units.isValid(units) {
      error(section, variable, "units", "are not units of \(name)", expected: best, found: units)
    } else if let units, legal.contains(units), units != best {
      warning(section, variable, "units", "are not the recommended ones", expected: best, found: units)
    }
  }

  private mutating func checkAxis(_ variable: Variable) {
    let isUsed = view.isCoordinate(variable) || view.isAuxiliary(variable)
    let kind = CoordinateKind(variable)
    if isUsed || variable.attributes["axis"] != nil,
      let axis = requiredText(variable, "axis", "4")
    {
      if !["X", "Y", "Z", "T"].contains(axis) {
        error("4", variable, "axis", "is not X, Y, Z or T", expected: kind.axis, found: axis)
      } else if let expected = kind.axis, expected != axis {
        error("4", variable, "axis", "contradicts the other attributes", expected: expected, found: axis)
      }
      if !isUsed, variable.dimensions.count > 0, !view.isBounds(variable) {
        warning("4", variable, "axis", "stands at a variable that is no coordinate")
      }
    }
    if isUsed, variable.attributes["axis"] == nil, variable.attributes["standard_name"] == nil {
      let units = variable.attributes["units"]?.text ?? ""
      switch kind {
      case .latitude: warning("4.1", variable, "standard_name", "is missing", expected: "latitude")
      case .longitude: warning("4.2", variable, "standard_name", "is missing", expected: "longitude")
      case .time where CoordinateKind.isTimeUnits(units):
        warning("4.4", variable, "standard_name", "is missing", expected: "time")
      default: break
      }
    }
    if let positive = requiredText(variable, "positive", "4.3"),
      !["up", "down"].contains(positive.lowercased())
    {
      error("4.3", variable, "positive", "is neither up nor down", expected: "up or down", found: positive)
    }
  }

  private mutating func checkCoordinatesAttribute(_ variable: Variable) {
    guard let text = requiredText(variable, "coordinates", "5") else { return }
    if view.isCoordinate(variable) {
      error("5", variable, "coordinates", "stands at a coordinate variable")
    }
    let dimensions = Set(variable.dimensions.map(\.name))
    for name in FileView.words(text) {
      guard let coordinate = view.find(name, from: variable) else {
        error("5", variable, "coordinates", "names a variable that is not there", found: name)
        continue
      }
      var own = coordinate.dimensions
      if coordinate.type == .char, !own.isEmpty { own.removeLast() }
      let strange = own.map(\.name).filter { !dimensions.contains($0) }
      if !strange.isEmpty, variable.attributes["geometry"] == nil,
        !view.uses(of: variable).contains(.geometry),
        !isRaggedCoordinate(strange, variable)
      {
        error(
          "5", variable, "coordinates", "names `\(name)`, which has a dimension that the variable has not",
          expected: "dimensions among \(variable.dimensions.map(\.name).joined(separator: ", "))",
          found: strange.joined(separator: ", "))
      }
    }
  }

  /// In the ragged forms of discrete sampling geometries the instance variables have a dimension of their own
  /// (CF 9.3), and so have gathered dimensions (CF 8.2).
  private func isRaggedCoordinate(_ dimensions: [String], _ variable: Variable) -> Bool {
    if view.header.root.attributes["featureType"] != nil { return true }
    return view.variables.contains { other in
      other.attributes["compress"] != nil
        && Set(FileView.words(other.attributes["compress"]?.text)).isSuperset(of: dimensions)
    }
  }

  /// Two coordinates of one variable must not claim the same axis, and each horizontal field should know its
  /// latitudes and longitudes.
  private mutating func checkAxesOfData(_ variable: Variable) {
    guard !variable.dimensions.isEmpty else { return }
    var axes: [String: String] = [:]
    for coordinate in variable.dimensions.compactMap({ view.coordinate(of: $0, from: variable) }) {
      guard let axis = coordinate.attributes["axis"]?.text else { continue }
      if let other = axes.updateValue(coordinate.name, forKey: axis), other != coordinate.name {
        error(
          "5", variable, nil, "two of its coordinates have axis \(axis)",
          found: "\(other), \(coordinate.name)")
      }
    }
    let kinds = Set(view.coordinates(of: variable).map(CoordinateKind.init))
    let isProjected = !kinds.isDisjoint(with: [.projectionX, .projectionY, .gridLatitude, .gridLongitude])
    if isProjected, !kinds.isSuperset(of: [.latitude, .longitude]),
      variable.attributes["grid_mapping"] == nil
    {
      error(
        "5.6", variable, "coordinates",
        "lie on a map projection or a rotated pole, and neither grid_mapping nor 2-D latitude and longitude are given"
      )
    }
  }

  /// CF 8.2: gathered dimensions.
  private mutating func checkCompression(_ variable: Variable) {
    guard let text = requiredText(variable, "compress", "8.2") else { return }
    let known = Set(view.groups.flatMap { $0.dimensions.map(\.name) })
    for name in FileView.words(text) where !known.contains(name) {
      error("8.2", variable, "compress", "names a dimension that is not there", found: name)
    }
    if !view.isCoordinate(variable) {
      error("8.2", variable, "compress", "stands at a variable that is not the coordinate of its dimension")
    }
    if !variable.type.isInteger {
      error("8.2", variable, nil, "indices must be integers", expected: "int", found: variable.type.name)
    }
  }

  /// CF 9.5: the attribute `cf_role`.
  private mutating func checkRoles() {
    var roles: [String: String] = [:]
    for variable in view.variables {
      guard let role = requiredText(variable, "cf_role", "9.5") else { continue }
      if !["timeseries_id", "profile_id", "trajectory_id"].contains(role) {
        error(
          "9.5", variable, "cf_role", "is unknown", expected: "timeseries_id, profile_id or trajectory_id",
          found: role)
      } else if let other = roles.updateValue(variable.name, forKey: role) {
        error("9.5", variable, "cf_role", "is also that of `\(other)`", found: role)
      }
    }
  }
}
