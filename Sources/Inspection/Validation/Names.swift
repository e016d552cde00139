import GridFiles
import Grids

/// CF chapter 2: the file, its names, its types.
extension Checker {
  mutating func checkGlobals() {
    let attributes = view.header.root.attributes
    if let conventions = attributes["Conventions"] {
      let names = (conventions.text ?? "").split(whereSeparator: { $0 == "," || $0.isWhitespace })
      let versions = names.filter { $0.hasPrefix("CF-") }.map { $0.dropFirst(3) }
      if versions.isEmpty {
        error(
          "2.6.1", nil, "Conventions", "does not name a version of CF", expected: "CF-1.11",
          found: conventions.shown)
      }
      for version in versions where !Self.isKnown(version) {
        error(
          "2.6.1", nil, "Conventions", "there is no such version of CF", expected: "CF-1.0 to CF-1.12",
          found: "CF-\(version)")
      }
    } else {
      error("2.6.1", nil, "Conventions", "is missing", expected: "CF-1.11")
    }
    for name in ["title", "history"] where attributes[name] == nil {
      warning("2.6.2", nil, name, "is missing")
    }
    for name in ["title", "history", "institution", "source", "references", "comment"] {
      for (variable, attribute) in [(Variable?.none, attributes[name])]
        + view.variables.map({ ($0, $0.attributes[name]) })
      {
        guard let attribute else { continue }
        if attribute.elementType != .char, attribute.elementType != .string {
          error(
            "2.6.2", variable, name, "is not a text", expected: "a text", found: attribute.elementType.name)
        } else if let text = attribute.text, text.allSatisfy(\.isWhitespace) {
          warning("2.6.2", variable, name, "is empty")
        }
      }
    }
    if let external = attributes["external_variables"] {
      for name in FileView.words(external.text) where view.header.variable(name) != nil {
        error("2.6.3", nil, "external_variables", "names a variable that is in this file", found: name)
      }
    }
    for (variable, attribute) in [(Variable?.none, attributes["featureType"])] {
      guard let attribute else { continue }
      let known: Set = [
        "point", "timeseries", "trajectory", "profile", "timeseriesprofile", "trajectoryprofile",
      ]
      if !known.contains((attribute.text ?? "").lowercased()) {
        error(
          "9.4", variable, "featureType", "is none of the feature types",
          expected: "point, timeSeries, trajectory, profile, timeSeriesProfile or trajectoryProfile",
          found: attribute.shown)
      }
    }
  }

  /// The declared version, 0 when there is none: `11` for CF-1.11.
  var minorVersion: Int {
    let text = view.header.root.attributes["Conventions"]?.text ?? ""
    return text.split(whereSeparator: { $0 == "," || $0.isWhitespace }).filter { $0.hasPrefix("CF-1.") }
      .compactMap { Int($0.dropFirst(5)) }.max() ?? 0
  }

  private static func isKnown(_ version: Substring) -> Bool {
    (0...12).contains { "1.\($0)" == version }
  }

  /// Names are letters, digits and underscores, beginning with a letter (CF 2.3); written by software itself:
  /// names that begin with `_`.
  mutating func checkNames() {
    let rule = "a letter, then letters, digits and underscores"
    func isLegal(_ name: String) -> Bool {
      guard let first = name.utf8.first, isLetter(first) else { return false }
      return name.utf8.allSatisfy { isLetter($0) || ($0 >= 48 && $0 <= 57) || $0 == 95 }
    }
    func isLetter(_ byte: UInt8) -> Bool { (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) }
    func isOfSoftware(_ name: String) -> Bool {
      ["_FillValue", "_Unsigned", "_Encoding", "_ChunkSizes", "_NCProperties", "_NoFill", "_Storage"]
        .contains(name)
        || name.hasPrefix("_Coordinate") || name.hasPrefix("_nc3_") || name.hasPrefix("DODS")
        || name.hasPrefix("EXTRA_DIMENSION")
    }
    for group in view.groups {
      for attribute in group.attributes where !isLegal(attribute.name) && !isOfSoftware(attribute.name) {
        warning("2.3", nil, attribute.name, "is no CF name of an attribute", expected: rule)
      }
      for dimension in group.dimensions where dimension.isNamed && !isLegal(dimension.name) {
        warning("2.3", nil, nil, "is no CF name of a dimension", expected: rule, found: dimension.name)
      }
      var spellings: [String: String] = [:]
      for variable in group.variables {
        if let other = spellings.updateValue(variable.name, forKey: variable.name.lowercased()) {
          warning("2.3", variable, nil, "its name differs from `\(other)` only by the case of letters")
        }
      }
    }
    for variable in view.variables {
      if !isLegal(variable.name) {
        warning("2.3", variable, nil, "is no CF name of a variable", expected: rule)
      }
      for attribute in variable.attributes where !isLegal(attribute.name) && !isOfSoftware(attribute.name) {
        warning("2.3", variable, attribute.name, "is no CF name of an attribute", expected: rule)
      }
    }
  }

  mutating func checkTypes() {
    for variable in view.variables {
      switch variable.type {
      case .compound, .variableLength, .opaque, .enumeration, .unsupported:
        error(
          "2.2", variable, nil, "has a type that CF does not know",
          expected: "numbers, characters or strings", found: variable.type.shown)
      default: break
      }
      var names: Set<String> = []
      for dimension in variable.dimensions where !names.insert(dimension.name).inserted {
        error("2.4", variable, nil, "has a dimension twice", found: dimension.name)
      }
      if view.header.format == .hdf5, variable.dimensions.contains(where: { !$0.isNamed }) {
        error(
          "2.4", variable, nil, "its dimensions have no names (HDF5 without dimension scales)")
      }
      if view.isData(variable), !variable.type.isText { checkOrder(variable) }
    }
  }

  /// T, Z, Y, X from the left, all others before them (a recommendation).
  private mutating func checkOrder(_ variable: Variable) {
    let places = variable.dimensions.map { dimension -> Int in
      guard let coordinate = view.coordinate(of: dimension, from: variable) else { return 0 }
      switch CoordinateKind(coordinate).axis {
      case "T": return 1
      case "Z": return 2
      case "Y": return 3
      case "X": return 4
      default: return 0
      }
    }
    if places != places.sorted() {
      warning(
        "2.4", variable, nil, "its dimensions are not in the order others, T, Z, Y, X",
        found: variable.dimensions.map(\.name).joined(separator: ", "))
    }
  }
}

extension ElementType {
  /// Characters or strings.
  var isText: Bool {
    switch self {
    case .char, .string, .fixedString: true
    default: false
    }
  }
}
