import GridFiles
import Grids

/// Changes each value by a function.
public struct Transform: Stage {
  public static let declaration = StageDeclaration(
    name: "transform", summary: "changes each value by a function: log1p, sqrt, clip, ...",
    discussion: """
      log1p: ln(1 + x), for x > -1; expm1: exp(x) - 1, its inverse. log: ln(x), for x > 0; exp, its inverse. \
      log10: for x > 0. sqrt: for x >= 0; square, its inverse. cbrt: cube root. abs. clip: values below `min` \
      become `min`, values above `max` become `max`. Computed in double precision, rounded to float32. \
      A value outside the function's domain, and one whose result does not fit into float32, ends the run, or \
      becomes missing with `invalid: missing`. The results of log1p, log, log10, exp and expm1 have units "1" \
      and no standard name, since CF units have no logarithm; sqrt and square take the root and the square of \
      the units; clip, abs keep both.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key(
        "function", .choice(Function.allCases.map(\.rawValue)), required: true, "what is done to each value"),
      Key("variables", .list(.text), default: "all", "the variables that are changed"),
      Key("min", .number, "`clip`: the lowest value"),
      Key("max", .number, "`clip`: the highest value"),
      Key(
        "invalid", .choice(["error", "missing"]), default: "error",
        "what a value outside the function's domain gives"),
    ])

  enum Function: String, CaseIterable, Sendable {
    case log1p, expm1, log, exp, log10, sqrt, square, cbrt, abs, clip
  }

  private let function: Function
  private let variables: [ConfigValue]?
  private let low: Double?
  private let high: Double?
  private let allowsInvalid: Bool

  public init(_ arguments: Arguments) throws(PlanError) {
    let name = arguments.text("function") ?? ""
    guard let function = Function(rawValue: name) else {
      throw PlanError(
        "no function `\(name)`", at: arguments.mark("function"),
        remedy: Suggestion.remedy(for: name, among: Function.allCases.map(\.rawValue)))
    }
    self.function = function
    variables = arguments.list("variables")
    low = arguments.number("min")
    high = arguments.number("max")
    if function == .clip {
      guard low != nil || high != nil else {
        throw PlanError("`clip` needs `min`, `max` or both", at: arguments.mark("function"))
      }
      if let low, let high, low > high {
        throw PlanError("`min` \(low.plain) is above `max` \(high.plain)", at: arguments.mark("min"))
      }
    } else if let key = ["min", "max"].first(where: { arguments.value($0) != nil }) {
      throw PlanError(
        "`\(key)` belongs to `function: clip`, not to `\(function.rawValue)`", at: arguments.mark(key))
    }
    allowsInvalid = arguments.text("invalid") == "missing"
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let chosen = try input.variables(variables)
    var output = input.description
    for index in chosen { output.variables[index] = changed(output.variables[index]) }
    return graph.add(
      Transformed(
        output: output, function: function, isChosen: output.variables.indices.map(chosen.contains),
        low: low ?? -.infinity, high: high ?? .infinity, allowsInvalid: allowsInvalid), inputs: [input.node])
  }

  /// What the function makes of a variable's units and names.
  private func changed(_ variable: VariableDescription) -> VariableDescription {
    var result = variable
    let title = variable.longName ?? variable.standardName ?? variable.name
    switch function {
    case .clip, .abs: return result
    case .log1p, .expm1, .log, .exp, .log10: result.units = "1"
    case .square: result.units = UnitText.power(variable.units, 2)
    case .sqrt: result.units = UnitText.root(variable.units)
    case .cbrt: result.units = variable.units.flatMap { $0 == "1" ? "1" : nil } ?? "1"
    }
    result.standardName = nil
    result.attributes.removeAll { $0.name == "units_metadata" }
    result.longName = "\(function.rawValue) of \(title)"
    if let units = variable.units, units != "1" {
      result.set("original_units", .text(units))
    }
    return result
  }
}

/// Each value of the chosen variables changed by a function.
struct Transformed: PointwiseComputation {
  let output: Description
  let function: Transform.Function
  let isChosen: [Bool]
  let low: Double
  let high: Double
  let allowsInvalid: Bool
  var label: String { function.rawValue }

  func operations(for region: Region) -> Double { Double(region.count) * 20 }

  func apply(to block: Block) throws(StageError) {
    switch function {
    case .log1p: try apply(block) { $0 > -1 ? System.log1p($0) : nil }
    case .expm1: try apply(block) { System.expm1($0) }
    case .log: try apply(block) { $0 > 0 ? System.log($0) : nil }
    case .exp: try apply(block) { System.exp($0) }
    case .log10: try apply(block) { $0 > 0 ? System.log10($0) : nil }
    case .sqrt: try apply(block) { $0 >= 0 ? $0.squareRoot() : nil }
    case .square: try apply(block) { $0 * $0 }
    case .cbrt: try apply(block) { System.cbrt($0) }
    case .abs: try apply(block) { Swift.abs($0) }
    case .clip:
      let (low, high) = (low, high)
      try apply(block) { Swift.min(Swift.max($0, low), high) }
    }
  }

  @inline(__always)
  private func apply(_ block: Block, _ change: (Double) -> Double?) throws(StageError) {
    let (values, validity) = (block.values, block.validity)
    let each = block.count / max(block.region.variables.count, 1)
    for (position, variable) in block.region.variables.enumerated() where isChosen[variable] {
      for i in position * each..<(position + 1) * each where validity[i] != 0 {
        let value = change(Double(values[i])).map(Float.init) ?? .nan
        if value.isFinite {
          values[i] = value
        } else if allowsInvalid {
          values[i] = .nan
          validity[i] = 0
        } else {
          let name = output.variables[variable].name
          throw StageError(
            "\(function.rawValue) has no value for \(name) = \(values[i])", subject: name,
            remedy: "clip the field first, or say `invalid: missing`")
        }
      }
    }
  }
}
