import Basics
import GridFiles
import ArgumentParser
import Pipelines

struct StagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages", abstract: "List the stages, or explain one with its keys.")

  @Argument(
    help: "A stage.", completion: .list(allStages.map { $0.declaration.name })) var name: String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let all = allStages.map { $0.declaration }.sorted { $0.name < $1.name }
    guard let name else {
      if json {
        Output.print(JSONValue.object([("stages", .array(all.map(Self.json)))]).text)
      } else {
        let width = all.map(\.name.count).max() ?? 0
        Output.print(
          all.map { $0.name + String(repeating: " ", count: width - $0.name.count + 2) + $0.summary }
            .joined(separator: "\n"))
      }
      return
    }
    guard let stage = all.first(where: { $0.name == name }) else {
      throw ValidationError(
        "there is no stage `\(name)`; there are " + all.map(\.name).joined(separator: ", "))
    }
    Output.print(json ? Self.json(stage).text : Self.text(stage))
  }

  private static func text(_ stage: StageDeclaration) -> String {
    var lines = ["\(stage.name): \(stage.summary)"]
    if !stage.discussion.isEmpty { lines += ["", stage.discussion] }
    lines += ["", "keys"]
    lines += Self.lines(stage.keys, indent: "  ")
    lines.append("  as: text")
    lines.append("      the name of the result, for stages and outputs below")
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

  private static func json(_ stage: StageDeclaration) -> JSONValue {
    .object([
      ("name", .string(stage.name)), ("summary", .string(stage.summary)),
      ("discussion", .string(stage.discussion)), ("keys", .array(stage.keys.map(json))),
    ])
  }

  private static func json(_ key: Key) -> JSONValue {
    var entries: [(String, JSONValue)] = [
      ("name", .string(key.name)), ("kind", .string(key.kind.phrase)), ("required", .boolean(key.isRequired)),
      ("default", key.defaultText.map { .string($0) } ?? .null), ("summary", .string(key.summary)),
    ]
    if case .choice(let choices) = key.kind {
      entries.append(("choices", .array(choices.map { .string($0) })))
    }
    let inner = key.kind.innerKeys
    if !inner.isEmpty { entries.append(("keys", .array(inner.map(json)))) }
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
