import GridFiles

/// Which variables are coordinates of what, before any number is read.
final class CoordinateFinding {
  let scope: Scope
  let hints: DatasetHints
  let reader: CoordinateReader
  private(set) var coordinateOf: [Scope.Key: Scope.Entry] = [:]
  /// Paths of variables that belong to other variables: bounds, grid mappings, auxiliary coordinates.
  private(set) var serving: Set<String> = []
  private var kinds: [String: CoordinateKind] = [:]

  init(_ reader: CoordinateReader, _ hints: DatasetHints) {
    (scope, self.hints, self.reader) = (reader.scope, hints, reader)
    findCoordinateVariables()
    findServing()
  }

  /// Scalars that CDO does not take as coordinates and that therefore stand under `ancillary_variables` in our
  /// own outputs.
  func isForecastMetadata(_ entry: Scope.Entry) -> Bool {
    let isScalar = entry.text("coverage_content_type") == "coordinate"
    if isScalar { serving.insert(entry.path) }
    return isScalar
  }

  /// What a coordinate is of: by its attributes; where they are missing, by its name, which is noted.
  func kind(_ entry: Scope.Entry) -> CoordinateKind {
    if let known = kinds[entry.path] { return known }
    let kind = find(entry)
    kinds[entry.path] = kind
    return kind
  }

  private func find(_ entry: Scope.Entry) -> CoordinateKind {
    for (role, kind) in [("latitude", CoordinateKind.latitude), ("longitude", .longitude), ("time", .time)] {
      if let path = hints.coordinates[role], scope.find(path, from: "/")?.path == entry.path { return kind }
    }
    if let kind = CoordinateKind.byAttributes(entry) {
      if kind == .latitude || kind == .longitude, entry.standardName == nil, let units = entry.text("units"),
        !Units.isValid(units)
      {
        reader.note(.warning, "\(entry.path):units", "`\(units)` is not a unit; taken as a \(kind)")
      }
      return kind
    }
    guard entry.standardName == nil, let kind = CoordinateKind.byName(entry.name) else { return .other }
    if entry.isCharacters { return kind == .time ? .time : .other }
    if let units = entry.text("units") {
      // Units that say something else outweigh the name.
      switch kind {
      case .latitude, .longitude, .gridLatitude, .gridLongitude:
        guard Units.areConvertible(units, "degree"), units != "1" else { return .other }
      case .time:
        if coordinateOf.values.contains(where: { $0.path == entry.path }) {
          reader.note(
            .error, "\(entry.path):units",
            "named like a time, but `\(units)` is not of the form UNIT since DATE: no dates")
        }
        return .other
      default: break
      }
    } else if kind == .time {
      reader.note(.error, entry.path, "the variable is named like a time but has no `units`: no dates")
      return .other
    }
    reader.note(.assumed, entry.path, "taken as \(kind) by its name: no attribute says it")
    return kind
  }

  private func findCoordinateVariables() {
    for entry in scope.entries where entry.type.isNumeric || entry.isCharacters {
      guard entry.labelKeys.count == 1, let key = entry.labelKeys.first, key.name == entry.name else {
        continue
      }
      coordinateOf[key] = coordinateOf[key] ?? entry
    }
    for (name, path) in hints.coordinates {
      guard let entry = scope.find(path, from: "/") else {
        reader.note(.error, path, "the pipeline names this coordinate, but the file has no such variable")
        continue
      }
      for key in Set(scope.entries.flatMap(\.keys)) where key.name == name && entry.labelKeys.count == 1 {
        let length = scope.entries.lazy.compactMap { other in
          other.keys.firstIndex(of: key).map { other.extents[$0] }
        }.first
        if length == entry.extents.first { coordinateOf[key] = entry }
      }
    }
  }

  private func findServing() {
    for entry in scope.entries {
      for attribute in ["bounds", "climatology"] {
        if let name = entry.text(attribute), let found = scope.find(name, from: entry.group) {
          serving.insert(found.path)
        }
      }
      for attribute in ["grid_mapping", "coordinates", "node_coordinates", "geometry"] {
        guard let text = entry.text(attribute) else { continue }
        for name in Scope.names(text) {
          if let found = scope.find(name, from: entry.group), found.path != entry.path {
            serving.insert(found.path)
          }
        }
      }
      if entry.attributes["grid_mapping_name"] != nil || entry.attributes["compress"] != nil
        || entry.attributes["cf_role"] != nil
      {
        serving.insert(entry.path)
      }
    }
    for path in hints.coordinates.values {
      if let found = scope.find(path, from: "/") { serving.insert(found.path) }
    }
  }

  /// The coordinate of one dimension of a variable: its coordinate variable, or the one 1-D variable on that
  /// dimension of which it is plain what it is.
  func coordinate(of key: Scope.Key, for entry: Scope.Entry, auxiliary: [Scope.Entry]) -> Scope.Entry? {
    if let found = coordinateOf[key] { return found }
    let named = auxiliary.filter { $0.labelKeys == [key] }
    if let found = unique(named) { return found }
    guard let candidates = candidates[key] else { return nil }
    let visible = Set(scope.visible(from: entry.group).map(\.path))
    let others = candidates.filter {
      $0.path != entry.path && !named.map(\.path).contains($0.path) && visible.contains($0.path)
    }
    guard let found = unique(others) else { return nil }
    serving.insert(found.path)
    reader.note(
      .assumed, found.path, "taken as the coordinate of dimension `\(key.name)`, though no attribute says it")
    return found
  }

  /// By dimension the variables of which it is plain that they are coordinates. Asked for each field, so a file
  /// with thousands of variables must not be gone through each time.
  private lazy var candidates: [Scope.Key: [Scope.Entry]] = {
    var candidates: [Scope.Key: [Scope.Entry]] = [:]
    for entry in scope.entries {
      guard let key = entry.labelKeys.first, entry.labelKeys.count == 1,
        entry.type.isNumeric || (entry.isCharacters && CoordinateKind.byName(entry.name) == .time),
        CoordinateKind.byAttributes(entry) != nil || CoordinateKind.byName(entry.name) != nil
      else { continue }
      candidates[key, default: []].append(entry)
    }
    return candidates
  }()

  /// The only one with a kind; two (latitude and longitude of the same dimension) are points, not an axis.
  private func unique(_ entries: [Scope.Entry]) -> Scope.Entry? {
    let known = entries.filter { kind($0) != .other }
    let kinds = Set(known.map { kind($0) })
    if kinds.contains(.latitude), kinds.contains(.longitude) { return nil }
    return known.first ?? (entries.count == 1 ? entries.first : nil)
  }

  /// The auxiliary coordinates that a variable names, with notes on names that dangle.
  func auxiliary(_ entry: Scope.Entry) -> [Scope.Entry] {
    guard let text = entry.text("coordinates") else { return [] }
    var result: [Scope.Entry] = []
    for name in Scope.names(text) {
      guard let found = scope.find(name, from: entry.group) else {
        reader.note(
          .error, "\(entry.path):coordinates", "`coordinates` names `\(name)`, which is not in the file")
        continue
      }
      if found.path != entry.path { result.append(found) }
    }
    return result
  }

  /// The grid mapping of a variable. The extended form (`crs: x y`) gives the one that speaks of the axes.
  func mapping(_ entry: Scope.Entry, axes: [String]) -> GridMapping? {
    guard let text = entry.text("grid_mapping") else { return nil }
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    var candidates: [(name: String, coordinates: [String])] = []
    for word in words {
      if word.hasSuffix(":") {
        candidates.append((String(word.dropLast()), []))
      } else if candidates.isEmpty {
        candidates.append((word, []))
      } else {
        candidates[candidates.count - 1].coordinates.append(word)
      }
    }
    let chosen = candidates.first { Set($0.coordinates).isSuperset(of: axes) } ?? candidates.first
    guard let chosen else { return nil }
    guard let found = scope.find(chosen.name, from: entry.group) else {
      reader.note(
        .error, "\(entry.path):grid_mapping",
        "`grid_mapping` names `\(chosen.name)`, which is not in the file")
      return nil
    }
    let attributes = found.attributes.filter { $0.value.isUsable && !$0.name.hasPrefix("_") }
    if attributes["grid_mapping_name"] == nil {
      reader.note(.warning, found.path, "the grid mapping has no `grid_mapping_name`")
    }
    return GridMapping(variableName: found.name, attributes: attributes)
  }
}
