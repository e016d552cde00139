import Basics

/// The networks that come with the program and what they are made of, as text and JSON.
public enum ModelZoo {
  /// Everything that a declaration of a network or of its training can name, by kind, in alphabetical order.
  public static var kinds: [(name: String, all: [Declaration])] {
    let kinds: [(String, [Declaration])] = [
      ("models", allModels.map { $0.declaration }), ("layers", allLayers.map { $0.declaration }),
      ("losses", allLosses.map { $0.declaration }), ("optimisers", allOptimisers.map { $0.declaration }),
      ("schedules", allSchedules.map { $0.declaration }),
      ("initialisers", allInitialisers.map { $0.declaration }),
    ]
    let block = Block.declaration
    return kinds.map { kind in
      let all = kind.0 == "layers" ? kind.1 + [block] : kind.1
      return (kind.0, all.sorted { $0.name < $1.name })
    }
  }

  public static func text(_ models: [any Model.Type]) -> String {
    models.map { model in
      let declaration = model.declaration
      let published = model.published.map { published -> String in
        let keys = published.keys.map { "\($0.0)=\($0.1.json.text)" }.joined(separator: " ")
        let input = published.input.map(String.init).joined(separator: "x")
        let number = NetworkSummary.grouped(published.parameters)
        return
          "    \(number) parameters, input \(input)\(keys.isEmpty ? "" : ", \(keys)"): \(published.source)"
      }
      return (["\(declaration.name): \(declaration.summary)"] + published).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  /// Schema isotach.models/1.
  public static func json(_ models: [any Model.Type]) -> JSONValue {
    let list = models.map { model -> JSONValue in
      let published = model.published.map { published -> JSONValue in
        .object([
          ("keys", .object(published.keys.map { ($0.0, $0.1.json) })),
          ("input", .array(published.input.map { .integer($0) })),
          ("parameters", .integer(published.parameters)), ("source", .string(published.source)),
        ])
      }
      return .object([
        ("name", .string(model.declaration.name)), ("summary", .string(model.declaration.summary)),
        ("published", .array(published)),
      ])
    }
    return .object([("schema", .string("isotach.models/1")), ("models", .array(list))])
  }

  /// What to say of a name that none of them has.
  public static func unknown(_ name: String, among names: [String]) -> String {
    "there is no `\(name)`; " + Suggestion.remedy(for: name, among: Array(Set(names)).sorted())
  }
}
