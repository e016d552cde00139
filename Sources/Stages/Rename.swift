import Grids

/// Gives variables other names.
public struct Rename: Stage {
  public static let declaration = StageDeclaration(
    name: "rename", summary: "gives variables other names",
    discussion: """
      Numbers, units and coordinates stay as they are. Where a file says too little, `standard-names` and \
      `long-names` tell what a variable is: other stages (`derive`, `convert`) find variables by standard name.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key("names", .dictionary(.text), "old name: new name, for each variable to rename"),
      Key("standard-names", .dictionary(.text), "old name: CF standard name"),
      Key("long-names", .dictionary(.text), "old name: description in words"),
    ])
  private static let kinds = ["names", "standard-names", "long-names"]
  private let entries: [(kind: String, entry: ConfigValue.Entry)]

  public init(_ arguments: Arguments) throws(PlanError) {
    var entries: [(String, ConfigValue.Entry)] = []
    for kind in Self.kinds {
      guard let value = arguments.value(kind) else { continue }
      guard case .mapping(let pairs) = value.content else {
        throw PlanError("`\(kind)` is \(value.kindName), expected old: new", at: value.mark)
      }
      entries += pairs.map { (kind, $0) }
    }
    guard !entries.isEmpty else {
      throw PlanError("nothing is renamed", at: arguments.mark, remedy: "give `names: {old: new}`")
    }
    self.entries = entries
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    var output = input.description
    for (kind, entry) in entries {
      let index = try input.variable(entry.key, at: entry.keyMark)
      guard let name = entry.value.text, !name.isEmpty else {
        throw PlanError("the new name of `\(entry.key)` is empty", at: entry.value.mark, subject: entry.key)
      }
      switch kind {
      case "names":
        guard Self.isName(name) else {
          throw PlanError(
            "`\(name)` is no name for a variable", at: entry.value.mark, subject: entry.key,
            remedy: "begin with a letter, then letters, digits and underscores (CF 2.3)")
        }
        output.variables[index].name = name
      case "standard-names":
        guard StandardNames.contains(name) || !StandardNames.names(ofAlias: name).isEmpty else {
          let near = StandardNames.suggestions(for: name).map { "`\($0)`" }.joined(separator: " or ")
          throw PlanError(
            "`\(name)` is no CF standard name", at: entry.value.mark, subject: entry.key,
            remedy: near.isEmpty
              ? "see https://cfconventions.org/standard-names.html" : "did you mean \(near)?")
        }
        output.variables[index].standardName = name
      default: output.variables[index].longName = name
      }
    }
    for (index, variable) in output.variables.enumerated() {
      guard let other = output.variables[..<index].firstIndex(where: { $0.name == variable.name }) else {
        continue
      }
      let mark = entries.last { $0.kind == "names" && $0.entry.value.text == variable.name }?.entry.value.mark
      let old = input.description.variables
      throw PlanError(
        "`\(old[other].name)` and `\(old[index].name)` would both be named `\(variable.name)`", at: mark,
        subject: variable.name)
    }
    return graph.add(Relabelled(output: output), inputs: [input.node])
  }

  /// CF 2.3: a letter, then letters, digits and underscores.
  private static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first | 32 else {
      return false
    }
    return name.utf8.allSatisfy {
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 32 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
        || $0 == UInt8(ascii: "_")
    }
  }
}

/// The same numbers under another description.
struct Relabelled: PointwiseComputation {
  let label = "relabel"
  let output: Description
  func apply(to block: Block) throws(StageError) {}
}
