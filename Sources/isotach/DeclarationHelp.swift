import Basics

extension Declaration {
  /// Name, summary, discussion and keys, for a terminal.
  var help: String {
    var lines = ["\(name): \(summary)"]
    if !discussion.isEmpty { lines += ["", discussion] }
    if !keys.isEmpty { lines += ["", "keys"] + Self.lines(keys, indent: "  ") }
    return lines.joined(separator: "\n")
  }

  private static func lines(_ keys: [Key], indent: String) -> [String] {
    keys.flatMap { key -> [String] in
      var note = key.isRequired ? " (required)" : ""
      if let text = key.defaultText { note = " (default: \(text))" }
      var lines = ["\(indent)\(key.name): \(key.kind.phrase)\(note)", "\(indent)    \(key.summary)"]
      for inner in key.kind.innerKeys { lines += Self.lines([inner], indent: indent + "    ") }
      return lines
    }
  }

  var json: JSONValue {
    .object([
      ("name", .string(name)), ("summary", .string(summary)), ("discussion", .string(discussion)),
      ("keys", .array(keys.map(\.json))),
    ])
  }

  /// Names and summaries in two columns.
  static func list(_ all: [Declaration], indent: String = "") -> String {
    let width = all.map(\.name.count).max() ?? 0
    return all.map {
      indent + $0.name + String(repeating: " ", count: width - $0.name.count + 2) + $0.summary
    }.joined(separator: "\n")
  }
}

extension Key {
  fileprivate var json: JSONValue {
    var entries: [(String, JSONValue)] = [
      ("name", .string(name)), ("kind", .string(kind.phrase)), ("required", .boolean(isRequired)),
      ("default", defaultText.map { .string($0) } ?? .null), ("summary", .string(summary)),
    ]
    if case .choice(let choices) = kind {
      entries.append(("choices", .array(choices.map { .string($0) })))
    }
    let inner = kind.innerKeys
    if !inner.isEmpty { entries.append(("keys", .array(inner.map(\.json)))) }
    return .object(entries)
  }
}

extension Key.Kind {
  /// The keys of mappings inside.
  fileprivate var innerKeys: [Key] {
    switch self {
    case .mapping(let keys): keys
    case .either(let kinds): kinds.flatMap(\.innerKeys)
    case .list(let kind), .dictionary(let kind): kind.innerKeys
    default: []
    }
  }
}
