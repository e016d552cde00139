import GridFiles

/// Makes the fields of a file, one by one.
final class DatasetOpening {
  let file: SourceFile
  let hints: DatasetHints
  let scope: Scope
  let reader: CoordinateReader
  let finding: CoordinateFinding
  let detection: GridDetection
  private var times: [String: TimeAxis?] = [:]
  /// HDF5 with dimension scales was written by netCDF, or as netCDF reads it: unwritten values have its fill.
  private let usesDefaultFill: Bool
  private(set) var fields: [Dataset.Field] = []
  private(set) var refused: [(path: String, error: GridError)] = []

  init(_ file: SourceFile, _ hints: DatasetHints) {
    (self.file, self.hints) = (file, hints)
    usesDefaultFill =
      file.header.format != .hdf5 || file.header.root.everything(\.dimensions).contains(where: \.isNamed)
    scope = Scope(file.header, hints)
    reader = CoordinateReader(file, scope)
    finding = CoordinateFinding(reader, hints)
    detection = GridDetection(finding, hints)
  }

  func run() async throws {
    for unread in file.header.root.everything(\.unread) { reader.note(.warning, unread.path, unread.reason) }
    for entry in scope.entries where Scope.isWanted(entry.stored, hints) {
      let isAsked = !hints.variables.isEmpty
      if !isAsked, isCoordinate(entry) { continue }
      do {
        if let field = try await field(entry, isAsked: isAsked) { fields.append(field) }
      } catch let error as GridError {
        refused.append((entry.path, error))
        reader.note(.error, error.subject.map { "\(entry.path) (\($0))" } ?? entry.path, error.cause)
      }
    }
    // A variable that turned out to be another's coordinate is no field.
    if hints.variables.isEmpty { fields.removeAll { finding.serving.contains($0.variable.path) } }
  }

  private func isCoordinate(_ entry: Scope.Entry) -> Bool {
    if finding.serving.contains(entry.path) { return true }
    if finding.coordinateOf.values.contains(where: { $0.path == entry.path }) { return true }
    // Latitudes and longitudes are places, whoever names them.
    if let kind = CoordinateKind.byAttributes(entry), kind == .latitude || kind == .longitude { return true }
    if CoordinateKind.byName(entry.name) == .latitude || CoordinateKind.byName(entry.name) == .longitude {
      return entry.standardName == nil
    }
    return false
  }

  private func field(_ entry: Scope.Entry, isAsked: Bool) async throws -> Dataset.Field? {
    guard entry.type.isNumeric else {
      if entry.isCharacters, CoordinateKind.byName(entry.name) == .time { return nil }
      let what = entry.isCharacters ? "text" : entry.type.name
      let error = GridError("it holds \(what), no numbers: no field", subject: nil)
      if isAsked { throw error }
      reader.note(.assumed, entry.path, error.cause)
      return nil
    }
    guard !entry.keys.isEmpty else {
      if isAsked { throw GridError("it is a single number, no field") }
      reader.note(.assumed, entry.path, "a single number that no variable names: no field")
      return nil
    }
    guard Set(entry.keys).count == entry.keys.count else {
      throw GridError("it has the same dimension twice")
    }
    let packing = try Packing(entry.type, entry.attributes, usesDefaultFill: usesDefaultFill)
    for remark in packing.remarks { reader.note(.warning, "\(entry.path):\(remark.attribute)", remark.text) }

    let auxiliary = finding.auxiliary(entry)
    let coordinates = entry.keys.map { finding.coordinate(of: $0, for: entry, auxiliary: auxiliary) }
    let horizontal = detection.horizontal(entry, coordinates, auxiliary: auxiliary)
    let grid = try await detection.grid(entry, horizontal, coordinates)

    var time: TimeAxis?
    var layers: [Axis] = []
    var roles: [Dataset.Role] = []
    for (index, dimension) in entry.dimensions.enumerated() {
      if index == horizontal.row {
        roles.append(.row)
      } else if index == horizontal.column {
        roles.append(.column)
      } else if time == nil, let coordinate = coordinates[index], finding.kind(coordinate) == .time,
        let axis = try await timeAxis(coordinate)
      {
        time = axis
        roles.append(.time)
      } else if coordinates[index] == nil, dimension.length == 1 {
        roles.append(.single)
      } else {
        roles.append(.layer(layers.count))
        layers.append(try await layer(coordinates[index], dimension))
      }
    }
    if roles.contains(.time), time?.count == 0 { reader.note(.error, entry.path, "it has no time steps") }
    let used = Set(coordinates.compactMap { $0?.path })
    let (scalars, scalarTime) = try await scalars(
      entry, auxiliary, used: used, horizontal, hasTime: time != nil)
    let description = Description(
      variables: [describe(entry, layers)], time: time ?? scalarTime, layers: layers, grid: grid,
      scalars: scalars,
      globalAttributes: globalAttributes(entry.group))
    return Dataset.Field(
      variable: entry.stored, decoding: packing.decoding, description: description, roles: roles)
  }

  private func timeAxis(_ entry: Scope.Entry) async throws -> TimeAxis? {
    if let known = times[entry.path] { return known }
    let axis = try await reader.timeAxis(entry)
    times[entry.path] = .some(axis)
    return axis
  }

  private func layer(_ coordinate: Scope.Entry?, _ dimension: Dimension) async throws -> Axis {
    guard let coordinate else { return .index(dimension.name, dimension.length) }
    // Times that are no dates (noted already) would be no dates for others either.
    if finding.kind(coordinate) == .time, try await timeAxis(coordinate) == nil {
      return .index(dimension.name, dimension.length)
    }
    if !coordinate.isCharacters {
      let isOrdered = try await reader.check(
        monotonic: reader.values(coordinate), coordinate, strictly: true)
      guard isOrdered else { return .index(dimension.name, dimension.length) }
    }
    return try await detection.axis(coordinate, dimension.name, dimension.length)
  }

  /// Coordinates of one value, and the time among them when the variable has no time dimension.
  private func scalars(
    _ entry: Scope.Entry, _ auxiliary: [Scope.Entry], used: Set<String>, _ horizontal: Horizontal,
    hasTime: Bool
  ) async throws -> ([ScalarCoordinate], TimeAxis?) {
    var scalars: [ScalarCoordinate] = []
    var time: TimeAxis?
    var places = [horizontal.plane?.latitude.path, horizontal.plane?.longitude.path]
    if case .points(let latitude, let longitude) = horizontal.form {
      places = [latitude.path, longitude.path]
    }
    let ancillary = Scope.names(entry.text("ancillary_variables") ?? "").compactMap {
      scope.find($0, from: entry.group)
    }.filter { $0.keys.isEmpty && finding.isForecastMetadata($0) }
    for other in auxiliary + ancillary where !used.contains(other.path) && !places.contains(other.path) {
      let length =
        other.labelKeys.isEmpty
        ? 1 : other.type == .char ? other.extents.dropLast().reduce(1, *) : other.stored.count
      guard length == 1 else {
        reader.note(
          .warning, other.path, "this auxiliary coordinate has dimensions and is not carried into outputs")
        continue
      }
      if finding.kind(other) == .time, !hasTime, time == nil, let axis = try await timeAxis(other) {
        time = axis
        continue
      }
      var attributes = other.attributes.filter {
        ["units", "standard_name", "long_name", "positive", "axis", "calendar", "comment"].contains($0.name)
          && $0.value.isUsable
      }
      if other.standardName == nil, finding.kind(other) == .vertical, let units = other.text("units"),
        CoordinateKind.isAirPressure(units)
      {
        reader.note(
          .assumed, other.path, "without a standard name; taken as air pressure by its units `\(units)`")
        attributes.append(Attribute("standard_name", "air_pressure"))
      }
      if other.isCharacters {
        guard let label = try await reader.strings(other).first else { continue }
        scalars.append(ScalarCoordinate(name: other.name, value: .nan, label: label, attributes: attributes))
      } else if other.type.isNumeric, let value = try await reader.values(other).first, value.isFinite {
        scalars.append(ScalarCoordinate(name: other.name, value: value, attributes: attributes))
      }
    }
    return (scalars, time)
  }

  private func describe(_ entry: Scope.Entry, _ layers: [Axis]) -> VariableDescription {
    var kept = KeptAttributes.variable(entry.attributes)
    var units = entry.text("units")
    if let text = units, !Units.isValid(text) {
      if let repaired = Units.repaired(text) {
        reader.note(.assumed, "\(entry.path):units", "`\(text)` is not a unit; taken as `\(repaired)`")
        kept.append(Attribute("original_units", text))
        units = repaired
      } else {
        reader.note(.warning, "\(entry.path):units", "`\(text)` is not a unit that UDUNITS-2 knows")
      }
    } else if units == nil, entry.attributes["flag_values"] == nil, entry.attributes["flag_masks"] == nil {
      reader.note(.warning, entry.path, "it has no `units`")
    }
    // WRF says it under another name.
    let longName = entry.text("long_name") ?? entry.text("description")
    var standardName = entry.standardName
    if let full = entry.text("standard_name"), full != standardName { standardName = full }
    if standardName == nil,
      let known = KnownNames.standardName(
        longName: longName, units: units,
        inAir: layers.contains { $0.standardName == "air_pressure" })
    {
      reader.note(.assumed, entry.path, "without a standard name; its long name is that of `\(known)`")
      standardName = known
    }
    return VariableDescription(
      name: entry.name, standardName: standardName, longName: longName, units: units,
      cellMethods: entry.text("cell_methods"), flags: flags(entry), attributes: kept)
  }

  /// Classes, when every value fits int8 and has a meaning of its own.
  private func flags(_ entry: Scope.Entry) -> [VariableDescription.Flag]? {
    guard let attribute = entry.attributes["flag_values"], let meanings = entry.text("flag_meanings"),
      entry.attributes["flag_masks"] == nil
    else { return nil }
    let values = attribute.numbers
    let words = meanings.split(whereSeparator: \.isWhitespace).map(String.init)
    guard values.count == words.count, !values.isEmpty else {
      reader.note(
        .error, "\(entry.path):flag_values",
        "there are \(values.count) flag values and \(words.count) meanings; they are not used")
      return nil
    }
    var flags: [VariableDescription.Flag] = []
    for (value, word) in zip(values, words) {
      guard let value = Int8(exactly: value) else {
        reader.note(
          .warning, "\(entry.path):flag_values",
          "the flag value \(value) does not fit one byte: taken as numbers")
        return nil
      }
      flags.append(.init(value: value, meaning: word))
    }
    return Set(flags.map(\.value)).count == flags.count ? flags : nil
  }

  private func globalAttributes(_ path: String) -> [Attribute] {
    var found: [Attribute] = []
    for group in file.header.root.everything({ [$0] }) where Scope.ancestors(path).contains(group.path) {
      for attribute in KeptAttributes.global(group.attributes) {
        found.removeAll { $0.name == attribute.name }
        found.append(attribute)
      }
    }
    return found
  }
}
