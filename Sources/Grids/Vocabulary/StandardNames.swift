/// The CF standard-name table: names, canonical units, aliases.
public enum StandardNames {
  /// The version of the table that is built in.
  public static let tableVersion = StandardNameTable.version

  /// The units that values of that name are convertible to (UDUNITS text); nil when the table has no such
  /// name. Aliases are not names: see `name(ofAlias:)`. "" where the table gives none (names of texts and
  /// flags, such as `region`).
  public static func canonicalUnits(_ name: String) -> String? { index.units[name] }

  /// True when the table has that name (not: that alias).
  public static func contains(_ name: String) -> Bool { index.units[name] != nil }

  /// The names that replaced an alias; empty when it is none. One old name became two.
  public static func names(ofAlias alias: String) -> [String] { index.names[alias] ?? [] }

  /// A standard name as an attribute gives it: the name and what may follow it (CF appendix C).
  public struct Reading: Sendable, Hashable {
    public let name: String
    /// `standard_error`, `status_flag`, ... as found; nil when the attribute has one word.
    public let modifier: String?
    /// True when `modifier` is none, or one that CF knows.
    public let isModifierKnown: Bool

    public init(name: String, modifier: String?) {
      (self.name, self.modifier) = (name, modifier)
      isModifierKnown = modifier.map(StandardNames.modifiers.contains) ?? true
    }

    /// The canonical units with the modifier taken into account: "1" for counts, nil where none apply (flags)
    /// or the name is unknown.
    public var canonicalUnits: String? {
      switch modifier {
      case "number_of_observations": return "1"
      case "status_flag", "quality_flag": return nil
      default: return StandardNames.canonicalUnits(name)
      }
    }
  }

  /// `status_flag` and `number_of_observations` are deprecated since CF 1.8, and still read.
  public static let modifiers = [
    "detection_minimum", "number_of_observations", "standard_error", "status_flag",
  ]

  /// Takes an attribute's text apart; nil when it has no word or more than two.
  public static func read(_ attribute: String) -> Reading? {
    let words = attribute.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }).map(String.init)
    switch words.count {
    case 1: return Reading(name: words[0], modifier: nil)
    case 2: return Reading(name: words[0], modifier: words[1])
    default: return nil
    }
  }

  /// Up to `limit` names of the table near a wrong one, nearest first: differing in letter case or blanks, by a
  /// few letters (Levenshtein), or of the same words in another order.
  public static func suggestions(for wrong: String, limit: Int = 2) -> [String] {
    let cleaned = wrong.lowercased().map { $0 == " " || $0 == "-" ? "_" : $0 }.reduce(into: "") {
      $0.append($1)
    }
    if contains(cleaned) { return [cleaned] }
    if let names = index.names[cleaned] { return names }
    let bytes = Array(cleaned.utf8)
    guard bytes.count >= 3, bytes.count <= 200 else { return [] }
    let words = Set(cleaned.split(separator: "_"))
    var found: [(name: String, distance: Int)] = []
    // A name is near when at most a quarter of its letters differ.
    let allowed = max(1, min(8, bytes.count / 4))
    for name in index.units.keys {
      if words.count > 1, Set(name.split(separator: "_")) == words {
        found.append((name, 0))
      } else if let distance = editDistance(bytes, Array(name.utf8), atMost: allowed) {
        found.append((name, distance))
      }
    }
    found.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return found.prefix(limit).map(\.name)
  }

  private struct Index: Sendable {
    var units: [String: String] = [:]
    var names: [String: [String]] = [:]
  }

  private static let index: Index = {
    var index = Index()
    index.units.reserveCapacity(6000)
    let text = unsafe UnsafeBufferPointer(
      start: StandardNameTable.text.utf8Start, count: StandardNameTable.text.utf8CodeUnitCount)
    for line in unsafe text.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
      guard fields.count >= 2 else { continue }
      index.units[fields[0]] = fields[1]
      for alias in fields.dropFirst(2) { index.names[alias, default: []].append(fields[0]) }
    }
    return index
  }()

  /// The Levenshtein distance, nil when it is more than the limit.
  private static func editDistance(_ a: [UInt8], _ b: [UInt8], atMost limit: Int) -> Int? {
    guard abs(a.count - b.count) <= limit else { return nil }
    var previous = Array(0...b.count)
    var current = previous
    for i in 0..<a.count {
      current[0] = i + 1
      var smallest = current[0]
      for j in 0..<b.count {
        let change = previous[j] + (a[i] == b[j] ? 0 : 1)
        current[j + 1] = min(change, previous[j + 1] + 1, current[j] + 1)
        smallest = min(smallest, current[j + 1])
      }
      if smallest > limit { return nil }
      swap(&previous, &current)
    }
    return previous[b.count] <= limit ? previous[b.count] : nil
  }
}
