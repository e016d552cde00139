import Grids

/// A variable that a quantity is computed from, and where it is.
struct Located: Sendable {
  let stream: StageInputs.Stream
  let variable: Int
  /// To the units of the role.
  let conversion: Linear
  let mark: Mark

  var description: VariableDescription { stream.description.variables[variable] }
}

/// What the pipeline asks of a quantity.
struct QuantityRequest: Sendable {
  let quantity: QuantityDeclaration
  let streams: [StageInputs.Stream]
  let arguments: Arguments
  /// The quantity's name in the YAML.
  let mark: Mark
  /// The streams of the quantity's own keys.
  var extra: [String: StageInputs.Stream] = [:]

  /// The variable of a role: the one that its key names, else the one with its standard name.
  func find(_ role: Role) throws(PlanError) -> Located {
    if let located = try findIfThere(role) { return located }
    throw missing("\(role.meaning)", role.standardNames, key: role.key)
  }

  func missing(_ meaning: String, _ standardNames: [String], key: String) -> PlanError {
    let names = standardNames.joined(separator: " or ")
    return PlanError(
      "`\(quantity.name)` needs \(meaning): no variable has the standard name \(names)", at: mark,
      subject: standardNames.first, remedy: "name it (`\(key): ...`); there is \(variableList)")
  }

  var variableList: String { streams.map(\.description.variableList).joined(separator: ", ") }

  func findIfThere(_ role: Role) throws(PlanError) -> Located? {
    if let value = arguments.value(role.key) {
      let name = value.text ?? ""
      for stream in streams {
        if let index = stream.description.variableIndex(name) {
          return try located(role, stream, index, value.mark)
        }
      }
      let known = streams.flatMap { $0.description.variables.map(\.name) }
      let hint = Suggestion.nearest(to: name, among: known).map { "did you mean `\($0)`? " } ?? ""
      throw PlanError(
        "there is no variable `\(name)`", at: value.mark, subject: name,
        remedy: "\(hint)there is \(variableList)")
    }
    for standardName in role.standardNames {
      var found: [(StageInputs.Stream, Int)] = []
      for stream in streams {
        for (index, variable) in stream.description.variables.enumerated()
        where variable.standardName == standardName { found.append((stream, index)) }
      }
      if found.count > 1 {
        let names = found.map { $0.0.description.variables[$0.1].name }.joined(separator: ", ")
        throw PlanError(
          "\(role.meaning) could be any of \(names)", at: mark, subject: standardName,
          remedy: "say which with `\(role.key)`")
      }
      if let (stream, index) = found.first { return try located(role, stream, index, mark) }
    }
    return nil
  }

  private func located(
    _ role: Role, _ stream: StageInputs.Stream, _ index: Int, _ mark: Mark
  ) throws(PlanError) -> Located {
    let variable = stream.description.variables[index]
    guard let units = variable.units else {
      throw PlanError(
        "`\(variable.name)` (\(role.meaning)) has no units, expected \(role.units)", at: mark,
        subject: variable.name, remedy: "state them at the input: `attributes: {units: ...}`")
    }
    do {
      return Located(
        stream: stream, variable: index, conversion: Linear(try UnitConversion(from: units, to: role.units)),
        mark: mark)
    } catch {
      throw PlanError(
        "`\(variable.name)` (\(role.meaning)) is in \(units), expected units like \(role.units)", at: mark,
        subject: variable.name, remedy: "choose another variable with `\(role.key)`, or state its true units")
    }
  }

  /// The axes that all of them lie on: those of the stream that has the most.
  func axes(_ located: [Located]) throws(PlanError) -> (description: Description, name: String) {
    let streams = located.map(\.stream)
    guard let axes = CommonAxes.of(streams) else {
      throw PlanError("`\(quantity.name)` has no input", at: mark)
    }
    return axes
  }

  /// An argument of a formula, lying on those axes.
  func field(
    _ located: Located, on axes: (description: Description, name: String), _ inputs: inout [NodeID]
  ) throws(PlanError) -> Formula.Argument {
    let alignment = try Alignment(of: located.stream, on: axes.description, named: axes.name)
    let input = inputs.firstIndex(of: located.stream.node) ?? inputs.count
    if input == inputs.count { inputs.append(located.stream.node) }
    return .field(
      input: input, variable: located.variable, alignment: alignment, conversion: located.conversion)
  }

  /// The pressure of each value in Pa: from a pressure axis, a scalar pressure coordinate, a variable, or for a
  /// field without levels the surface pressure.
  func pressure(
    on axes: (description: Description, name: String), _ inputs: inout [NodeID]
  ) throws(PlanError) -> Formula.Argument {
    if arguments.value(Role.pressure.key) == nil {
      if let (position, values) = PressureLevels.find(axes.description) {
        return .layers(PressureLevels.spread(values, position, axes.description.layers))
      }
      if let value = PressureLevels.scalar(axes.description) { return .number(value) }
    }
    if let located = try findIfThere(.pressure) { return try field(located, on: axes, &inputs) }
    let hasVertical = axes.description.layers.contains { $0.kind == .vertical }
    if !hasVertical, let located = try findIfThere(.surfacePressure) {
      return try field(located, on: axes, &inputs)
    }
    throw PlanError(
      "`\(quantity.name)` needs the pressure: there is no pressure axis and no variable with the standard name "
        + "air_pressure" + (hasVertical ? "" : " or surface_air_pressure"), at: mark, subject: "air_pressure",
      remedy: "name a variable (`pressure: ...`), or bring one in with `with`; there is \(variableList)")
  }
}

/// The axes that several streams share.
enum CommonAxes {
  /// Those of the stream that has the most, with time or levels from others where it has none; without
  /// variables.
  static func of(_ streams: [StageInputs.Stream]) -> (description: Description, name: String)? {
    func rank(_ stream: StageInputs.Stream) -> Int {
      (stream.description.time == nil ? 0 : 2) + (stream.description.layers.isEmpty ? 0 : 1)
    }
    var best: StageInputs.Stream?
    for stream in streams where best.map({ rank(stream) > rank($0) }) ?? true { best = stream }
    guard let best else { return nil }
    var output = best.description
    if output.time == nil { output.time = streams.lazy.compactMap(\.description.time).first }
    if output.layers.isEmpty {
      output.layers = streams.first { !$0.description.layers.isEmpty }?.description.layers ?? []
    }
    output.variables = []
    return (output, best.name)
  }
}

/// Pressures of levels.
enum PressureLevels {
  /// Which layer axis is one of pressure, and its values in Pa.
  static func find(_ description: Description) -> (position: Int, values: [Double])? {
    for (position, axis) in description.layers.enumerated() {
      guard let units = axis.units, let conversion = try? UnitConversion(from: units, to: "Pa") else {
        continue
      }
      if axis.standardName != nil, axis.standardName != "air_pressure", axis.kind != .vertical { continue }
      return (position, axis.values.map { conversion.factor * $0 + conversion.offset })
    }
    return nil
  }

  /// The values of one axis, for each layer of all.
  static func spread(_ values: [Double], _ position: Int, _ layers: [Axis]) -> [Double] {
    let inner = layers[(position + 1)...].reduce(1) { $0 * $1.count }
    let count = layers.reduce(1) { $0 * $1.count }
    return (0..<count).map { values[$0 / inner % values.count] }
  }

  /// The pressure of a field on one level, from its scalar coordinate.
  static func scalar(_ description: Description) -> Double? {
    for scalar in description.scalars {
      guard let units = scalar.attributes["units"]?.text, scalar.label == nil,
        let conversion = try? UnitConversion(from: units, to: "Pa")
      else { continue }
      return conversion.factor * scalar.value + conversion.offset
    }
    return nil
  }
}
