import Grids

/// A variable that a detector reads, on the grid and the times of its main input.
struct DetectionField: Sendable {
  /// Which of the node's inputs.
  let input: Int
  let variable: Int
  let alignment: Alignment
  /// To the units that the stage computes in.
  let factor: Double
  let offset: Double
  let name: String
  let units: String?
  let description: VariableDescription
}

/// Finds the variables that a detector reads among its streams.
struct DetectionFields {
  let streams: [StageInputs.Stream]
  private(set) var used: [NodeID] = []

  /// - Throws: when the grid or the levels of the first stream do not do.
  init(_ inputs: StageInputs, stage: String) throws(PlanError) {
    let input = try inputs.stream("input")
    streams = [input] + inputs.all("with")
    if let reason = SphereCells.fault(input.description.grid) {
      throw PlanError(
        "the grid of `\(input.name)` does not do: \(reason)", at: input.mark, subject: input.name)
    }
    for stream in streams where stream.description.layerCount != 1 {
      throw PlanError(
        "`\(stream.name)` has \(stream.description.layerCount) levels; `\(stage)` works on one",
        at: stream.mark,
        subject: stream.name, remedy: "`select` one: `levels: [...]`, `squeeze: true`")
    }
  }

  var main: StageInputs.Stream { streams[0] }
  var list: String { streams.map(\.description.variableList).joined(separator: ", ") }

  /// The variable that a key names, or the only one with one of the standard names.
  func find(_ value: ConfigValue?, _ standardNames: [String], what: String, at mark: Mark, key: String)
    throws(PlanError) -> (stream: StageInputs.Stream, variable: Int)
  {
    if let value {
      let name = value.text ?? ""
      for stream in streams {
        if let index = stream.description.variableIndex(name) { return (stream, index) }
      }
      let known = streams.flatMap { $0.description.variables.map(\.name) }
      let hint = Suggestion.nearest(to: name, among: known).map { "did you mean `\($0)`? " } ?? ""
      throw PlanError(
        "there is no variable `\(name)`", at: value.mark, subject: name, remedy: "\(hint)there is \(list)")
    }
    for standardName in standardNames {
      let found = streams.flatMap { stream in
        stream.description.variables.indices.filter {
          stream.description.variables[$0].standardName == standardName
        }.map { (stream, $0) }
      }
      if found.count > 1 {
        throw PlanError(
          "\(what) could be any of \(found.map { $0.0.description.variables[$0.1].name }.joined(separator: ", "))",
          at: mark, subject: standardName, remedy: "say which with `\(key)`")
      }
      if let first = found.first { return first }
    }
    if streams.count == 1, streams[0].description.variables.count == 1 { return (streams[0], 0) }
    throw PlanError(
      "no variable is \(what)"
        + (standardNames.isEmpty
          ? "" : ": none has the standard name \(standardNames.joined(separator: " or "))"),
      at: mark, remedy: "name it (`\(key): ...`); there is \(list)")
  }

  /// The field with its conversion, and its place among the inputs of the node.
  /// - Parameter units: what the stage computes in; nil: the variable's own.
  mutating func field(
    _ found: (stream: StageInputs.Stream, variable: Int), units: String?, at mark: Mark
  ) throws(PlanError) -> DetectionField {
    let variable = found.stream.description.variables[found.variable]
    let alignment = try Alignment(of: found.stream, on: main.description, named: main.name)
    var (factor, offset) = (1.0, 0.0)
    if let units {
      guard let own = variable.units else {
        throw PlanError(
          "`\(variable.name)` has no units", at: mark, subject: variable.name,
          remedy: "state them at the input: `attributes: {units: ...}`")
      }
      do {
        let conversion = try UnitConversion(from: own, to: units)
        (factor, offset) = (conversion.factor, variable.isTemperatureDifference ? 0 : conversion.offset)
      } catch {
        throw PlanError(
          error.cause, at: mark, subject: variable.name,
          remedy: error.remedy ?? "`\(variable.name)` is in \(own)")
      }
    }
    let position: Int
    if let known = used.firstIndex(of: found.stream.node) {
      position = known
    } else {
      position = used.count
      used.append(found.stream.node)
    }
    return DetectionField(
      input: position, variable: found.variable, alignment: alignment, factor: factor, offset: offset,
      name: variable.name, units: units ?? variable.units, description: variable)
  }
}
