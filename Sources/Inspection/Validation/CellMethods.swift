import GridFiles
import Grids

/// One entry of a `cell_methods` attribute: `lat: lon: mean where land over all (interval: 1 day comment: x)`.
struct CellMethod: Sendable, Hashable {
  var names: [String]
  var method: String
  var whereType: String?
  var overType: String?
  /// `days` or `years` after `within` or `over`.
  var climatology: [String]
  /// The texts of `interval:`.
  var intervals: [String]
  /// True when free text precedes `interval:` in the parentheses.
  var hasLateInterval: Bool
  /// The text behind `comment:`, or all of the parentheses when they have no keyword.
  var comment: String?
  var hasCommentKeyword: Bool

  /// Why an attribute cannot be read.
  struct Fault: Error, Sendable {
    let cause: String
  }

  /// Reads the whole attribute.
  static func parse(_ text: String) throws(Fault) -> [CellMethod] {
    var methods: [CellMethod] = []
    var tokens = try tokenize(text)[...]
    while let first = tokens.first {
      guard case .name = first else {
        throw Fault(cause: "a name with a colon is expected where `\(first.text)` stands")
      }
      var names: [String] = []
      while case .name(let name)? = tokens.first {
        names.append(name)
        tokens.removeFirst()
      }
      guard case .word(let method)? = tokens.first else {
        throw Fault(cause: "no method follows `\(names.joined(separator: ": ")):`")
      }
      tokens.removeFirst()
      var entry = CellMethod(
        names: names, method: method, climatology: [], intervals: [], hasLateInterval: false, comment: nil,
        hasCommentKeyword: false)
      while case .word(let keyword)? = tokens.first {
        tokens.removeFirst()
        guard case .word(let value)? = tokens.first else {
          throw Fault(cause: "nothing follows `\(keyword)`")
        }
        tokens.removeFirst()
        switch keyword {
        case "where": entry.whereType = value
        case "over" where value == "days" || value == "years": entry.climatology.append("over \(value)")
        case "over": entry.overType = value
        case "within": entry.climatology.append("within \(value)")
        default: throw Fault(cause: "`\(keyword)` is not where, over or within")
        }
      }
      if case .parenthesis(let text)? = tokens.first {
        tokens.removeFirst()
        entry.read(parenthesis: text)
      }
      methods.append(entry)
    }
    guard !methods.isEmpty else { throw Fault(cause: "it is empty") }
    return methods
  }

  private mutating func read(parenthesis text: String) {
    var current: (key: String, words: [String]) = ("", [])
    var parts: [(key: String, words: [String])] = []
    for word in FileView.words(text) {
      // A comment goes on to the end, colons and all.
      if current.key != "comment", word == "interval:" || word == "comment:" {
        parts.append(current)
        current = (String(word.dropLast()), [])
      } else {
        current.words.append(word)
      }
    }
    parts.append(current)
    let free = parts[0].words.joined(separator: " ")
    for part in parts.dropFirst() {
      let text = part.words.joined(separator: " ")
      if part.key == "interval" {
        intervals.append(text)
        if !free.isEmpty { hasLateInterval = true }
      } else {
        hasCommentKeyword = true
        comment = text
      }
    }
    if comment == nil, !free.isEmpty { comment = free }
  }

  private enum Token {
    case name(String), word(String), parenthesis(String)
    var text: String {
      switch self {
      case .name(let text), .word(let text): text
      case .parenthesis(let text): "(\(text))"
      }
    }
  }

  private static func tokenize(_ text: String) throws(Fault) -> [Token] {
    var tokens: [Token] = []
    var word = ""
    var depth = 0
    var inside = ""
    func flush() {
      guard !word.isEmpty else { return }
      if word.hasSuffix(":"), word != ":" {
        tokens.append(.name(String(word.dropLast())))
      } else {
        tokens.append(.word(word))
      }
      word = ""
    }
    for character in text {
      if character == "(" {
        if depth == 0 { flush() } else { inside.append(character) }
        depth += 1
      } else if character == ")" {
        depth -= 1
        if depth < 0 { throw Fault(cause: "a parenthesis is closed that was not opened") }
        if depth == 0 {
          tokens.append(.parenthesis(inside))
          inside = ""
        } else {
          inside.append(character)
        }
      } else if depth > 0 {
        inside.append(character)
      } else if character.isWhitespace {
        flush()
      } else {
        word.append(character)
        // `time:mean` is wrong, and is read as it was meant so that the rest can be checked.
        if character == ":" { flush() }
      }
    }
    flush()
    if depth > 0 { throw Fault(cause: "a parenthesis is not closed") }
    return tokens
  }
}

/// CF 7.3 and appendix E: cell methods.
extension Checker {
  static let methods: Set = [
    "point", "sum", "maximum", "maximum_absolute_value", "median", "mid_range", "minimum",
    "minimum_absolute_value", "mean", "mean_absolute_value", "mean_of_upper_decile", "mode", "range",
    "root_mean_square", "standard_deviation", "sum_of_squares", "variance",
  ]

  mutating func checkCellMethods() {
    for variable in view.variables {
      guard let text = requiredText(variable, "cell_methods", "7.3") else { continue }
      let entries: [CellMethod]
      do {
        entries = try CellMethod.parse(text)
      } catch {
        self.error(
          "7.3", variable, "cell_methods", "cannot be read: \(error.cause)", expected: "`name: method`",
          found: text)
        continue
      }
      for entry in entries { check(entry, variable, text) }
    }
  }

  private mutating func check(_ entry: CellMethod, _ variable: Variable, _ text: String) {
    for name in entry.names where !isNameOfMethod(name, variable) {
      error(
        "7.3", variable, "cell_methods",
        "names neither a dimension or scalar coordinate of the variable nor a standard name nor area",
        found: name)
    }
    if !Self.methods.contains(entry.method) {
      error(
        "E", variable, "cell_methods", "has an unknown method",
        expected: Self.methods.sorted().joined(separator: ", "), found: entry.method)
    }
    for interval in entry.intervals {
      let words = FileView.words(interval)
      if words.count < 2 || Double(words[0]) == nil
        || !Units.isValid(words.dropFirst().joined(separator: " "))
      {
        error(
          "7.3.2", variable, "cell_methods", "has an interval that is no number and unit", found: interval)
      }
    }
    if entry.hasLateInterval {
      error("7.3.2", variable, "cell_methods", "has text before `interval:`", found: text)
    }
    if entry.intervals.isEmpty, entry.hasCommentKeyword {
      warning(
        "7.3.2", variable, "cell_methods", "has the keyword comment: where nothing standard stands beside it",
        expected: "(the comment alone)", found: text)
    }
    for value in entry.climatology where !["days", "years"].contains(FileView.words(value).last ?? "") {
      error(
        "7.4", variable, "cell_methods", "`within` and `over` of a climatology take days or years",
        found: value)
    }
    if !entry.climatology.isEmpty,
      !view.coordinates(of: variable).contains(where: { $0.attributes["climatology"] != nil })
    {
      error(
        "7.4", variable, "cell_methods", "is of a climatology, and no time has the attribute climatology",
        found: text)
    }
    for (keyword, type) in [("where", entry.whereType), ("over", entry.overType)] {
      guard let type, !AreaTypes.names.contains(type) else { continue }
      if view.find(type, from: variable) == nil, keyword == "where" || !type.isEmpty {
        warning(
          "7.3.3", variable, "cell_methods", "`\(keyword)` names neither an area type of CF nor a variable",
          found: type)
      }
    }
  }

  private func isNameOfMethod(_ name: String, _ variable: Variable) -> Bool {
    name == "area" || variable.dimensions.contains { $0.name == name }
      || FileView.words(variable.attributes["coordinates"]?.text).contains(name)
      || StandardNames.contains(name)
  }
}

/// The area types of CF (those of the area-type table that are in common use): others are a warning, no more.
enum AreaTypes {
  static let names: Set = [
    "all_area_types", "bare_ground", "burnt_vegetation", "c3_plant_functional_types",
    "c4_plant_functional_types", "clear_sky", "cloud", "convective_cloud", "crops", "floating_ice",
    "floating_ice_shelf", "grounded_ice_sheet", "ice_free_land", "ice_free_sea", "ice_sheet", "ice_shelf",
    "lake", "lake_ice_or_sea_ice", "land", "land_ice", "natural_grasses", "pastures",
    "primary_deciduous_trees", "primary_evergreen_trees", "river", "sea", "sea_ice", "sea_ice_melt_pond",
    "sea_ice_ridges", "secondary_deciduous_trees", "secondary_evergreen_trees", "shrubs", "snow",
    "snow_free_land", "stratiform_cloud", "trees", "urban", "vegetation", "wetland",
  ]
}
