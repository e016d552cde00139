import Grids

/// Computes a physical quantity from others.
public struct Derive: Stage {
  public static let declaration = StageDeclaration(
    name: "derive",
    summary: "computes physical quantities (wind speed, humidity, vorticity, ...) from others",
    discussion: discussion, keys: keys)

  private static let declarations: [QuantityDeclaration] = allQuantities.map { $0.declaration }

  private static let ownKeys = [
    Key("input", .stream, "the field with the variables"),
    Key("with", .streams, "further fields on the same grid, such as a surface pressure"),
    Key(
      "quantities", .list(.text), required: true,
      "what is computed: " + declarations.map(\.name).sorted().joined(separator: ", ")),
    Key("keep", .boolean, default: "false", "keep the variables of the input beside the results"),
  ]

  /// The keys of all quantities together.
  private static let keys: [Key] = {
    var keys = ownKeys
    for quantity in declarations {
      for role in quantity.roles where !keys.contains(where: { $0.name == role.key }) {
        keys.append(
          Key(
            role.key, .text, default: "by standard name " + role.standardNames.joined(separator: " or "),
            "the variable that is \(role.meaning)"))
      }
      for key in quantity.keys where !keys.contains(where: { $0.name == key.name }) { keys.append(key) }
    }
    return keys
  }()

  private static let discussion: String = {
    var text = """
      The quantities are a fixed vocabulary. Their inputs are found by CF standard name, or named by the keys below; \
      their units are converted. Computed in double precision; where an input is missing, the result is missing. \
      Several quantities are put into one field when they lie on the same levels.

      """
    for quantity in declarations.sorted(by: { $0.name < $1.name }) {
      text += "\n\(quantity.name): \(quantity.summary). \(quantity.formula) Source: \(quantity.source).\n"
    }
    return text
  }()

  /// The quantity by its place in the list of all.
  private struct Wanted: Sendable {
    let index: Int
    let mark: Mark
    var quantity: any Quantity.Type { allQuantities[index] }
    var declaration: QuantityDeclaration { quantity.declaration }
  }
  private let wanted: [Wanted]
  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    var wanted: [Wanted] = []
    for value in arguments.list("quantities") ?? [] {
      let name = value.text ?? ""
      guard
        let index = allQuantities.firstIndex(where: {
          $0.declaration.name == name || $0.declaration.aliases.contains(name)
        })
      else {
        throw PlanError(
          "`derive` knows no quantity `\(name)`", at: value.mark, subject: name,
          remedy: Suggestion.remedy(for: name, among: Self.declarations.map(\.name).sorted()))
      }
      guard !wanted.contains(where: { $0.index == index }) else {
        throw PlanError("`\(name)` is listed twice", at: value.mark, subject: name)
      }
      wanted.append(Wanted(index: index, mark: value.mark))
    }
    guard let first = wanted.first else {
      throw PlanError("`quantities` is empty", at: arguments.mark("quantities"))
    }
    self.wanted = wanted
    // A key that none of the quantities reads is a mistake.
    let own = Self.ownKeys.map(\.name)
    let used = wanted.flatMap { $0.declaration.roles.map(\.key) + $0.declaration.keys.map(\.name) }
    for key in Self.keys where !own.contains(key.name) && !used.contains(key.name) {
      guard let value = arguments.value(key.name) else { continue }
      let readers = Self.declarations
        .filter { $0.roles.contains { $0.key == key.name } || $0.keys.contains { $0.name == key.name } }
        .map(\.name)
      throw PlanError(
        "`\(key.name)` is no key of `\(first.declaration.name)`", at: value.mark,
        remedy: "it belongs to \(readers.joined(separator: ", "))")
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let streams = [input] + inputs.all("with")
    var results: [StageInputs.Stream] = []
    for item in wanted {
      let (quantity, mark) = (item.quantity, item.mark)
      let request = QuantityRequest(
        quantity: quantity.declaration, streams: streams, arguments: arguments, mark: mark,
        extra: Dictionary(
          uniqueKeysWithValues: quantity.declaration.keys.compactMap { key in
            inputs[key.name].map { (key.name, $0) }
          }))
      let node = try quantity.plan(request, in: &graph)
      results.append(
        .init(
          name: quantity.declaration.name, node: node, description: graph.description(node), mark: mark))
    }
    if arguments.boolean("keep") == true { results.insert(input, at: 0) }
    if results.count == 1 { return results[0].node }
    for result in results where result.description.layers.isEmpty != results[0].description.layers.isEmpty {
      throw PlanError(
        "`\(results[0].name)` and `\(result.name)` lie on different levels", at: result.mark,
        remedy: "derive them in two stages")
    }
    return try Stack.join(results, in: &graph)
  }
}
