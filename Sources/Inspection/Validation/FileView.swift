import GridFiles
import Grids

/// A file's header with its references followed: which variable is used by others, and as what.
struct FileView: Sendable {
  enum Use: Hashable, Sendable {
    case coordinate, auxiliary, bounds, climatology, gridMapping, measure, ancillary, term, geometry
  }

  let header: FileHeader
  let groups: [Group]
  let variables: [Variable]
  private let byPath: [String: Variable]
  private(set) var uses: [String: Set<Use>] = [:]
  /// The parent of a bounds or climatology variable, by the bounds' path.
  private(set) var boundsParents: [String: Variable] = [:]

  init(_ header: FileHeader) {
    self.header = header
    groups = header.root.everything { [$0] }
    variables = header.allVariables
    byPath = Dictionary(variables.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    followReferences()
  }

  func uses(of variable: Variable) -> Set<Use> { uses[variable.path] ?? [] }

  /// A variable that carries data, not one that describes others.
  func isData(_ variable: Variable) -> Bool {
    uses(of: variable).isDisjoint(with: [
      .coordinate, .auxiliary, .bounds, .climatology, .gridMapping, .geometry,
    ])
  }

  func isCoordinate(_ variable: Variable) -> Bool { uses(of: variable).contains(.coordinate) }
  func isAuxiliary(_ variable: Variable) -> Bool { uses(of: variable).contains(.auxiliary) }
  func isBounds(_ variable: Variable) -> Bool {
    !uses(of: variable).isDisjoint(with: [.bounds, .climatology])
  }

  /// The group in which a variable lies: `/` or `/a/b`.
  static func groupPath(_ variablePath: String) -> String {
    guard let slash = variablePath.lastIndex(of: "/"), slash != variablePath.startIndex else { return "/" }
    return String(variablePath[..<slash])
  }

  /// The variable that an attribute of `variable` names (CF 2.7): a path, or a name in the same group or the
  /// nearest group above it.
  func find(_ reference: String, from variable: Variable) -> Variable? {
    var group = Self.groupPath(variable.path)
    if reference.hasPrefix("/") { return byPath[reference] }
    var name = Substring(reference)
    while name.hasPrefix("../") {
      name = name.dropFirst(3)
      group = Self.groupPath(group)
    }
    if name.hasPrefix("./") { name = name.dropFirst(2) }
    if let found = byPath[(group == "/" ? "" : group) + "/" + name] { return found }
    if name.contains("/") || reference.hasPrefix("..") || reference.hasPrefix(".") { return nil }
    while group != "/" {
      group = Self.groupPath(group)
      if let found = byPath[(group == "/" ? "" : group) + "/" + name] { return found }
    }
    return nil
  }

  /// The coordinate variable of a dimension, as seen from a variable.
  func coordinate(of dimension: Dimension, from variable: Variable) -> Variable? {
    guard let found = find(dimension.name, from: variable), isCoordinate(found),
      found.dimensions.first?.length == dimension.length
    else { return nil }
    return found
  }

  /// The variables that the attribute `coordinates` names and that are there.
  func auxiliaries(of variable: Variable) -> [Variable] {
    Self.words(variable.attributes["coordinates"]?.text).compactMap { find($0, from: variable) }
  }

  /// Coordinate variables of the dimensions, then auxiliary coordinates.
  func coordinates(of variable: Variable) -> [Variable] {
    variable.dimensions.compactMap { coordinate(of: $0, from: variable) } + auxiliaries(of: variable)
  }

  static func words(_ text: String?) -> [String] {
    (text ?? "").split(whereSeparator: { $0.isWhitespace }).map(String.init)
  }

  /// `name: a name: b c` as pairs of what precedes a colon and the words behind it; nil when the text is not
  /// of that form.
  static func pairs(_ text: String) -> [(key: String, values: [String])]? {
    var pairs: [(key: String, values: [String])] = []
    for word in words(text) {
      if word.hasSuffix(":"), word.utf8.count > 1 {
        pairs.append((String(word.dropLast()), []))
      } else if pairs.isEmpty || word == ":" {
        return nil
      } else {
        pairs[pairs.count - 1].values.append(word)
      }
    }
    return pairs.isEmpty ? nil : pairs
  }

  /// The grid mapping variables that an attribute `grid_mapping` names, with the coordinates of the long form.
  static func gridMappings(_ text: String) -> [(name: String, coordinates: [String])] {
    if let pairs = pairs(text) { return pairs.map { ($0.key, $0.values) } }
    return words(text).map { ($0, []) }
  }

  private mutating func followReferences() {
    func add(_ use: Use, _ variable: Variable?) {
      if let variable { uses[variable.path, default: []].insert(use) }
    }
    for variable in variables {
      if let first = variable.dimensions.first, first.name == variable.name,
        variable.dimensions.count == 1 || (variable.dimensions.count == 2 && variable.type == .char)
      {
        add(.coordinate, variable)
      }
      if variable.attributes["grid_mapping_name"] != nil { add(.gridMapping, variable) }
      if variable.attributes["geometry_type"] != nil { add(.geometry, variable) }
      for (name, use) in [("bounds", Use.bounds), ("climatology", .climatology), ("nodes", .bounds)] {
        if let reference = variable.attributes[name]?.text, let target = find(reference, from: variable) {
          add(use, target)
          boundsParents[target.path] = variable
        }
      }
      for name in Self.words(variable.attributes["coordinates"]?.text) {
        if let target = find(name, from: variable), target.path != variable.path, !isCoordinate(target) {
          add(.auxiliary, target)
        }
      }
      if let text = variable.attributes["grid_mapping"]?.text {
        for mapping in Self.gridMappings(text) { add(.gridMapping, find(mapping.name, from: variable)) }
      }
      for name in Self.words(variable.attributes["ancillary_variables"]?.text) {
        add(.ancillary, find(name, from: variable))
      }
      for (attribute, use) in [("cell_measures", Use.measure), ("formula_terms", .term)] {
        guard let text = variable.attributes[attribute]?.text else { continue }
        for pair in Self.pairs(text) ?? [] {
          for value in pair.values { add(use, find(value, from: variable)) }
        }
      }
      for attribute in ["node_coordinates", "node_count", "part_node_count", "interior_ring"] {
        for name in Self.words(variable.attributes[attribute]?.text) {
          add(.geometry, find(name, from: variable))
        }
      }
    }
  }
}
