import GridFiles

/// Puts a file together, variable by variable.
struct HeaderBuilder {
  let description: Description
  let options: EncodingOptions
  var definition = FileDefinition()
  var numbers: [(name: String, values: [Double])] = []
  var texts: [(name: String, values: [String])] = []
  var data: [(name: String, chunks: [Int])] = []
  private var names = OutputNames()
  private var dimensionNames = OutputNames()
  /// What `cell_methods` may call an axis -> its name in the file.
  private var axisNames: [String: String] = [:]
  /// Outermost first, of the data variables.
  private var dataDimensions: [(name: String, length: Int, isMap: Bool)] = []
  /// For `coordinates`.
  private var auxiliary: [String] = []
  /// For `ancillary_variables`.
  private var ancillary: [String] = []
  /// Scalar coordinates that are text: attributes of the data, because CDO takes no text variables.
  private var labels: [Attribute] = []
  private var mappingName: String?
  private(set) var time: OutputTime?
  /// Units and range of the vertical coordinate, for the global attributes.
  private(set) var vertical: (low: Double, high: Double, units: String, positive: String?)?

  init(_ description: Description, _ options: EncodingOptions) {
    (self.description, self.options) = (description, options)
  }

  mutating func build() throws(GridError) {
    guard !description.variables.isEmpty else { throw GridError("there is no variable to write") }
    // Data variables keep their names; coordinates give way.
    let dataNames = try reserveDataNames()
    try addTime()
    for axis in description.layers { try addLayer(axis) }
    try addGrid()
    for scalar in description.scalars { addScalar(scalar) }
    for (variable, name) in zip(description.variables, dataNames) { try addData(variable, name) }
    // The first variable is what viewers show.
    let count = description.variables.count
    let all = definition.variables
    definition.variables = Array(all.suffix(count)) + Array(all.dropLast(count))
    definition.attributes = GlobalAttributes(self).attributes
  }

  private mutating func reserveDataNames() throws(GridError) -> [String] {
    var result: [String] = []
    for variable in description.variables {
      let name = OutputNames.clean(variable.name)
      guard names.free(name) == name else {
        throw GridError(
          "two variables would be called `\(name)` in the output", subject: variable.name,
          remedy: "give them other names with `rename`")
      }
      result.append(name)
    }
    return result
  }

  // MARK: axes

  private mutating func addTime() throws(GridError) {
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

  private mutating func addLayer(_ axis: Axis) throws(GridError) {
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
  private mutating func addCoordinate(_ axis: Axis, _ name: String, isZ: Bool = true) throws(GridError) {
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

  private mutating func remember(_ axis: Axis, as name: String) {
    var aliases = [axis.name]
    if let standardName = axis.standardName { aliases.append(standardName) }
    switch axis.kind {
    case .latitude: aliases += ["latitude", "lat"]
    case .longitude: aliases += ["longitude", "lon"]
    default: break
    }
    for alias in aliases where axisNames[alias] == nil { axisNames[alias] = name }
  }

  // MARK: grid

  private mutating func addGrid() throws(GridError) {
    let grid = description.grid
    // A bare row of one cell, and the only row of points, are no dimension.
    let hasRows = grid.kind != .points && !(grid.kind == .bare && grid.ny == 1 && grid.y.kind == .index)
    let hasColumns = !(grid.kind == .bare && grid.nx == 1 && grid.x.kind == .index)
    var dimensions: [String] = []
    for (axis, wanted, isThere) in [(grid.y, "y", hasRows), (grid.x, "x", hasColumns)] where isThere {
      // GDAL knows rows and columns without coordinates by these names.
      let name = addDimension(
        axis.kind == .index && grid.kind != .points ? wanted : axis.name, axis.count, isMap: true)
      remember(axis, as: name)
      dimensions.append(name)
      let isPlaced =
        grid.isRectilinear || grid.kind == .rotatedPole || grid.kind == .projected || grid.kind == .bare
      if isPlaced, axis.kind != .index { try addCoordinate(axis, name) }
    }
    if !grid.isRectilinear, grid.kind != .bare, !grid.latitudes.isEmpty { try addPlaces(dimensions) }
    addMapping()
  }

  /// Latitude and longitude of every cell, with corners.
  private mutating func addPlaces(_ dimensions: [String]) throws(GridError) {
    let grid = description.grid
    guard grid.latitudes.count == grid.count, grid.longitudes.count == grid.count else {
      throw GridError(
        "the grid has \(grid.count) cells but \(grid.latitudes.count) latitudes", subject: grid.latitudeName)
    }
    let cornerLongitudes = grid.cornerLongitudes.map {
      BoundsCheck.aligned($0, to: grid.longitudes, corners: 4)
    }
    // Corners that do not surround their centres (masked cells of ocean models) are worse than none.
    var hasCorners = false
    if let latitudes = grid.cornerLatitudes, let longitudes = cornerLongitudes {
      hasCorners =
        BoundsCheck.outside(latitudes, grid.latitudes, corners: 4) == 0
        && BoundsCheck.outside(longitudes, grid.longitudes, corners: 4) == 0
    }
    let isWhole = grid.latitudes.allSatisfy(\.isFinite) && grid.longitudes.allSatisfy(\.isFinite)
    for isLatitude in [true, false] {
      let wanted = isLatitude ? grid.latitudeName : grid.longitudeName
      // A name that is also a dimension's would make it a coordinate variable.
      let name = names.free(dimensions.contains(OutputNames.clean(wanted)) ? wanted + "_2d" : wanted)
      var attributes = [
        Attribute("standard_name", isLatitude ? "latitude" : "longitude"),
        Attribute("long_name", isLatitude ? "latitude" : "longitude"),
        Attribute("units", isLatitude ? "degrees_north" : "degrees_east"),
      ]
      let values = isLatitude ? grid.latitudes : grid.longitudes
      let extents = dimensions.count == 2 ? [grid.ny, grid.nx] : [grid.nx]
      let chunks = Self.chunks(extents, bytes: 8)
      let corners = isLatitude ? grid.cornerLatitudes : cornerLongitudes
      var bounds: String?
      if hasCorners, isWhole {
        let free = names.free(name + "_bnds")
        bounds = free
        attributes.append(Attribute("bounds", free))
      }
      // Cells without a place (the far side of a satellite's view) need a fill value, which CF allows here.
      define(
        name, .float64, dimensions, attributes, fill: isWhole ? nil : .float64([1e20]), chunks: chunks,
        isPacked: true)
      numbers.append((name, isWhole ? values : values.map { $0.isFinite ? $0 : 1e20 }))
      auxiliary.append(name)
      if let bounds, let corners {
        define(
          bounds, .float64, dimensions + [vertexDimension()], [], chunks: chunks + [4], isPacked: true)
        numbers.append((bounds, corners))
      }
    }
  }

  private mutating func addMapping() {
    let grid = description.grid
    guard grid.kind != .bare else { return }
    var attributes = grid.mapping.map(\.attributes) ?? []
    let wanted = grid.mapping?.variableName ?? "crs"
    if grid.mapping == nil {
      guard grid.isRectilinear else { return }
      attributes = [
        Attribute("grid_mapping_name", "latitude_longitude"),
        Attribute("longitude_of_prime_meridian", .float64([0])),
        Attribute("semi_major_axis", .float64([6_378_137])),
        Attribute("inverse_flattening", .float64([298.257223563])),
        Attribute(
          "comment", "the input does not say on which ellipsoid its latitudes are: WGS 84 is assumed"),
      ]
    }
    guard Self.isComplete(attributes) else { return }
    // They describe the extents of the input, or say again what `crs_wkt` says.
    let dropped: Set<String> = [
      "GeoTransform", "spatial_ref", "crs_wkt", "esri_pe_string", "proj4_params", "proj4",
    ]
    let text = ReferenceSystemText.text(attributes, axisUnits: grid.kind == .projected ? grid.x.units : nil)
    let original = attributes["crs_wkt"] ?? attributes["spatial_ref"].map { Attribute("crs_wkt", $0.value) }
    attributes = OutputAttributes.kept(attributes.filter { !dropped.contains($0.name) })
    if let text {
      attributes.append(Attribute("crs_wkt", text))
    } else if let original {
      attributes.append(original)
    }
    let name = names.free(wanted)
    define(name, .int32, [], attributes)
    numbers.append((name, [0]))
    mappingName = name
  }

  /// Whether CF appendix F is met, as far as checkers look. Left out, so that the 2-D latitude and longitude
  /// alone say where cells are: mercator, which compliance-checker 6.1 refuses with any attributes (it takes the
  /// name of the one required attribute apart into letters), and geostationary, for which it demands
  /// coordinates in metres while CF has angles.
  private static func isComplete(_ attributes: [Attribute]) -> Bool {
    guard let name = attributes["grid_mapping_name"]?.text, let required = required[name] else {
      return false
    }
    guard required.allSatisfy({ attributes[$0] != nil }) else { return false }
    guard name == "polar_stereographic" else { return true }
    return (attributes["standard_parallel"] != nil)
      != (attributes["scale_factor_at_projection_origin"] != nil)
  }

  private static let required: [String: [String]] = [
    "latitude_longitude": [],
    "rotated_latitude_longitude": ["grid_north_pole_latitude", "grid_north_pole_longitude"],
    "albers_conical_equal_area": [
      "standard_parallel", "longitude_of_central_meridian", "latitude_of_projection_origin",
    ],
    "lambert_azimuthal_equal_area": ["longitude_of_projection_origin", "latitude_of_projection_origin"],
    "lambert_conformal_conic": [
      "standard_parallel", "longitude_of_central_meridian", "latitude_of_projection_origin",
    ],
    "polar_stereographic": ["straight_vertical_longitude_from_pole", "latitude_of_projection_origin"],
    "stereographic": [
      "longitude_of_projection_origin", "latitude_of_projection_origin", "scale_factor_at_projection_origin",
    ],
    "transverse_mercator": [
      "scale_factor_at_central_meridian", "longitude_of_central_meridian", "latitude_of_projection_origin",
    ],
  ]

  // MARK: scalars and data

  private mutating func addScalar(_ scalar: ScalarCoordinate) {
    if let label = scalar.label {
      labels.append(Attribute(OutputNames.clean(scalar.name), label))
      return
    }
    let name = names.free(scalar.name)
    var attributes = OutputAttributes.quantity(
      standardName: scalar.attributes["standard_name"]?.text, units: scalar.attributes["units"]?.text)
    let said: Set<String> = ["standard_name", "units", "axis"]
    attributes += OutputAttributes.kept(
      scalar.attributes.filter { !said.contains($0.name) }, besides: attributes)
    if attributes["units"]?.text?.contains(" since ") == true, attributes["calendar"] == nil {
      attributes.append(Attribute("calendar", "standard"))
    }
    let positive = attributes["positive"]?.text
    if vertical == nil, let units = attributes["units"]?.text, !units.contains(" since "),
      positive != nil || (units != "1" && Units.areConvertible(units, "Pa"))
    {
      vertical = (scalar.value, scalar.value, units, positive)
      attributes.append(Attribute("axis", "Z"))
    }
    let standardName = attributes["standard_name"]?.text
    if standardName == nil, attributes["axis"] == nil {
      // A variable without a standard name fails ACDD; what it says stands as an attribute of the data instead.
      var text = Int(exactly: scalar.value).map { "\($0)" } ?? "\(scalar.value)"
      if let units = attributes["units"]?.text, units != "1" { text += " \(units)" }
      if let longName = attributes["long_name"]?.text { text += " (\(longName))" }
      labels.append(Attribute(OutputNames.clean(scalar.name), text))
      return
    }
    if attributes["long_name"] == nil {
      attributes.append(Attribute("long_name", standardName?.spaced ?? scalar.name.spaced))
    }
    numbers.append((name, [scalar.value]))
    if attributes["axis"] != nil || (positive != nil && vertical != nil) {
      auxiliary.append(name)
      axisNames[scalar.name] = axisNames[scalar.name] ?? name
    } else {
      // CDO warns of scalar coordinates that are not vertical. Named as ancillary they stay tied to the data.
      attributes.removeAll { $0.name == "coverage_content_type" }
      attributes.append(Attribute("coverage_content_type", "coordinate"))
      ancillary.append(name)
    }
    define(name, .float64, [], attributes)
  }

  private mutating func addData(_ variable: VariableDescription, _ name: String) throws(GridError) {
    var attributes = OutputAttributes.quantity(
      standardName: variable.standardName, units: variable.flags == nil ? variable.units : nil)
    attributes.insert(
      Attribute("long_name", variable.longName ?? variable.standardName?.spaced ?? variable.name), at: 0)
    if let text = variable.cellMethods {
      let methods = CellMethods(text, names: axisNames)
      if let text = methods.text { attributes.append(Attribute("cell_methods", text)) }
      if !methods.isWhole { attributes.append(Attribute("original_cell_methods", text)) }
    }
    if let mappingName { attributes.append(Attribute("grid_mapping", mappingName)) }
    if !auxiliary.isEmpty { attributes.append(Attribute("coordinates", auxiliary.joined(separator: " "))) }
    if !ancillary.isEmpty {
      attributes.append(Attribute("ancillary_variables", ancillary.joined(separator: " ")))
    }
    if let metadata = Self.temperatureMetadata(variable, attributes) {
      attributes.append(Attribute("units_metadata", metadata))
    }
    if variable.attributes["coverage_content_type"] == nil {
      attributes.append(
        Attribute("coverage_content_type", variable.flags == nil ? "modelResult" : "thematicClassification"))
    }
    var type = ElementType.float32
    var fill = Attribute.Value.float32([1e20])
    if let flags = variable.flags {
      type = .int8
      let values = flags.map(\.value)
      guard let free = [Int8.min, -1, Int8.max].first(where: { !values.contains($0) }),
        Set(values).count == values.count
      else { throw GridError("the classes are not different from one another", subject: variable.name) }
      fill = .int8([free])
      attributes.append(Attribute("flag_values", .int8(values)))
      attributes.append(
        Attribute("flag_meanings", flags.map { Self.word($0.meaning) }.joined(separator: " ")))
    }
    attributes += OutputAttributes.kept(variable.attributes + labels, besides: attributes)
    let chunks = dataChunks(bytes: variable.flags == nil ? 4 : 1)
    definition.variables.append(
      VariableDefinition(
        name: name, type: type, dimensions: dataDimensions.map(\.name), attributes: attributes, fill: fill,
        chunks: dataDimensions.isEmpty ? nil : chunks,
        deflate: dataDimensions.isEmpty ? nil : options.deflate,
        shuffle: options.shuffle && options.deflate != nil && !dataDimensions.isEmpty))
    data.append((name, chunks))
  }

  /// CF 1.11, 3.1.2: whether a temperature is a difference or on the scale; only for units of temperature.
  private static func temperatureMetadata(_ variable: VariableDescription, _ written: [Attribute]) -> String?
  {
    guard variable.attributes["units_metadata"] == nil, let units = written["units"]?.text,
      units != "1", Units.areConvertible(units, "K")
    else { return nil }
    let methods = variable.cellMethods?.lowercased() ?? ""
    let name = (variable.standardName ?? "") + " " + (variable.longName ?? "").lowercased()
    let isDifference =
      ["standard_deviation", "range"].contains { methods.contains($0) }
      || ["anomaly", "difference", "deviation", "spread"].contains { name.contains($0) }
    return isDifference ? "temperature: difference" : "temperature: on_scale"
  }

  /// One map a chunk, split over rows (then columns) so that it is at most 4 MiB.
  private func dataChunks(bytes: Int) -> [Int] {
    let map = Self.chunks(dataDimensions.filter(\.isMap).map(\.length), bytes: bytes)
    return dataDimensions.filter { !$0.isMap }.map { _ in 1 } + map
  }

  static func chunks(_ extents: [Int], bytes: Int) -> [Int] {
    let limit = (4 << 20) / bytes
    guard let last = extents.last else { return [] }
    let columns = max(1, min(last, limit))
    guard extents.count == 2 else { return [columns] }
    // Rows in equal parts.
    let rows = max(1, extents[0])
    let most = max(1, limit / columns)
    let parts = (rows + most - 1) / most
    return [(rows + parts - 1) / parts, columns]
  }

  /// A class name as `flag_meanings` allows it.
  private static func word(_ text: String) -> String {
    let mapped = text.trimmed.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", "+", "@": String(scalar)
      default: "_"
      }
    }.joined()
    return mapped.isEmpty ? "unnamed" : mapped
  }

  // MARK: parts

  private mutating func addDimension(
    _ wanted: String, _ length: Int, isUnlimited: Bool = false, isMap: Bool
  ) -> String {
    // A dimension and its coordinate share one name.
    var name = names.free(wanted)
    while dimensionNames.free(name) != name { name = names.free(wanted) }
    definition.dimensions.append(Dimension(name: name, length: length, isUnlimited: isUnlimited))
    dataDimensions.append((name, length, isMap))
    return name
  }

  private var extras: [String: String] = [:]
  private mutating func pairDimension() -> String { extra("bnds", 2) }
  private mutating func vertexDimension() -> String { extra("vertices", 4) }

  private mutating func extra(_ wanted: String, _ length: Int) -> String {
    if let known = extras[wanted] { return known }
    let name = dimensionNames.free(wanted)
    definition.dimensions.append(Dimension(name: name, length: length))
    extras[wanted] = name
    return name
  }

  private mutating func define(
    _ name: String, _ type: ElementType, _ dimensions: [String], _ attributes: [Attribute],
    fill: Attribute.Value? = nil, chunks: [Int]? = nil, isPacked: Bool = false
  ) {
    definition.variables.append(
      VariableDefinition(
        name: name, type: type, dimensions: dimensions, attributes: attributes, fill: fill, chunks: chunks,
        deflate: isPacked ? options.deflate : nil,
        shuffle: isPacked && options.shuffle && options.deflate != nil))
  }
}

extension String {
  var spaced: String { String(map { $0 == "_" ? " " : $0 }) }
}
