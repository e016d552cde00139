import GridFiles

/// The variables of a file with what the hints say about them, and the names that are seen from each group.
struct Scope {
  /// A dimension and the group that defines it; one that has no name of its own belongs to its variable.
  struct Key: Hashable {
    let group: String
    let name: String
  }

  /// A variable as it is to be understood.
  struct Entry {
    /// As it is in the file; this one is read.
    let stored: Variable
    let dimensions: [Dimension]
    let keys: [Key]
    let attributes: [Attribute]
    let group: String

    var name: String { stored.name }
    var path: String { stored.path }
    var type: ElementType { stored.type }
    var extents: [Int] { dimensions.map(\.length) }
    func text(_ attribute: String) -> String? {
      guard let text = attributes[attribute]?.text?.trimmed, !text.isEmpty else { return nil }
      return text
    }
    var standardName: String? {
      // A modifier (`air_temperature status_flag`) is no part of the name.
      text("standard_name").flatMap { $0.split(separator: " ").first.map(String.init) }
    }
    var isCharacters: Bool {
      switch type {
      case .char, .string, .fixedString: true
      default: false
      }
    }
    /// Dimensions without the length of text.
    var labelKeys: [Key] { type == .char ? Array(keys.dropLast()) : keys }
  }

  let entries: [Entry]
  private let byPath: [String: Int]

  init(_ header: FileHeader, _ hints: DatasetHints) {
    var groups: [String: Group] = [:]
    for group in header.root.everything({ [$0] }) { groups[group.path] = group }
    var entries: [Entry] = []
    for (path, group) in groups.sorted(by: { $0.key < $1.key }) {
      for variable in group.variables {
        entries.append(Self.entry(variable, in: path, groups, hints))
      }
    }
    // The order of the file.
    var order: [String: Int] = [:]
    for (index, variable) in header.allVariables.enumerated() { order[variable.path] = index }
    entries.sort { (order[$0.path] ?? 0) < (order[$1.path] ?? 0) }
    self.entries = entries
    byPath = Dictionary(entries.enumerated().map { ($1.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private static func entry(
    _ variable: Variable, in path: String, _ groups: [String: Group], _ hints: DatasetHints
  ) -> Entry {
    let names =
      hints.dimensions[variable.path] ?? hints.dimensions[variable.name] ?? hints.dimensions["*"]
    var dimensions = variable.dimensions
    // A list for any variable names the last dimensions of those that have no fewer.
    if let names {
      let offset = dimensions.count - names.count
      if offset == 0 || (offset > 0 && hints.dimensions[variable.path] == nil) {
        for (index, name) in names.enumerated() {
          let old = dimensions[offset + index]
          dimensions[offset + index] = Dimension(
            name: name, length: old.length, isUnlimited: old.isUnlimited, isNamed: true)
        }
      }
    }
    let keys = dimensions.map { dimension -> Key in
      guard dimension.isNamed else { return Key(group: variable.path, name: dimension.name) }
      for ancestor in ancestors(path)
      where groups[ancestor]?.dimensions.contains(where: { $0.name == dimension.name }) == true {
        return Key(group: ancestor, name: dimension.name)
      }
      return Key(group: "", name: dimension.name)
    }
    var attributes = variable.attributes
    for replacement in (hints.attributes[variable.path] ?? hints.attributes[variable.name] ?? [])
      + (isWanted(variable, hints) ? hints.attributes["*"] ?? [] : [])
    {
      attributes.removeAll { $0.name == replacement.name }
      attributes.append(replacement)
    }
    return Entry(
      stored: variable, dimensions: dimensions, keys: keys, attributes: attributes, group: path)
  }

  static func isWanted(_ variable: Variable, _ hints: DatasetHints) -> Bool {
    hints.variables.isEmpty
      || hints.variables.contains { wanted in
        wanted == variable.name || wanted == variable.path || "/" + wanted == variable.path
          || wanted == variable.attributes["standard_name"]?.text?.trimmed
      }
  }

  /// The group itself and those above it, inner first.
  static func ancestors(_ path: String) -> [String] {
    var result = [path]
    var rest = Substring(path)
    while rest != "/", let slash = rest.lastIndex(of: "/") {
      rest = slash == rest.startIndex ? "/" : rest[..<slash]
      result.append(String(rest))
    }
    return result
  }

  /// The variable that a name means for another variable: an absolute path, a path relative to its group, or a
  /// name in its group or one above.
  func find(_ name: String, from group: String) -> Entry? {
    if name.hasPrefix("/") { return byPath[name].map { entries[$0] } }
    for ancestor in Self.ancestors(group) {
      let path = ancestor == "/" ? "/" + name : ancestor + "/" + name
      if let index = byPath[path] { return entries[index] }
    }
    return nil
  }

  subscript(path: String) -> Entry? { byPath[path].map { entries[$0] } }

  /// Entries that are seen from a group.
  func visible(from group: String) -> [Entry] {
    let groups = Set(Self.ancestors(group))
    return entries.filter { groups.contains($0.group) }
  }

  /// The names in an attribute that lists variables, those after a colon (`crs: x y`) without it.
  static func names(_ list: String) -> [String] {
    list.split(whereSeparator: { $0.isWhitespace }).map {
      $0.hasSuffix(":") ? String($0.dropLast()) : String($0)
    }
  }
}
