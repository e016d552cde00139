import Grids

/// Gives variables other names.
public struct Rename: Stage {
  public static let declaration = StageDeclaration(
    name: "rename", summary: "gives variables other names",
    keys: [
      Key("input", .stream, "the field"),
      Key("names", .dictionary(.text), required: true, "old name: new name, for each variable to rename"),
    ])
  private let names: ConfigValue

  public init(_ arguments: Arguments) throws(PlanError) {
    guard let names = arguments.value("names") else {
      throw PlanError("`names` is missing", at: arguments.mark)
    }
    self.names = names
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    var output = input.description
    guard case .mapping(let entries) = names.content else {
      throw PlanError("`names` is no mapping", at: names.mark)
    }
    for entry in entries {
      guard let index = input.description.variables.firstIndex(where: { $0.name == entry.key }) else {
        let known = input.description.variables.map(\.name).joined(separator: ", ")
        throw PlanError(
          "`\(input.name)` has no variable `\(entry.key)`", at: entry.keyMark, subject: entry.key,
          remedy: "it has \(known)")
      }
      guard let name = entry.value.text, !name.isEmpty else {
        throw PlanError("the new name of `\(entry.key)` is empty", at: entry.value.mark)
      }
      output.variables[index].name = name
    }
    return graph.add(Relabelled(output: output), inputs: [input.node])
  }
}

/// The same numbers under another description.
struct Relabelled: PointwiseComputation {
  let label = "relabel"
  let output: Description
  func apply(to block: Block) throws(StageError) {}
}
