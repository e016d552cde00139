import Basics
import Grids

/// Compares fields with the truth.
public struct Evaluate: Stage {
  public static let declaration = StageDeclaration(
    name: "evaluate", summary: "measures how well fields agree with the truth: rmse, mae, bias, correlation",
    discussion: """
      With d = field - truth, summed over cells, levels and times: rmse: sqrt(mean d^2). mae: mean |d|. bias: mean d. \
      correlation: Pearson's, of field and truth. max-error: the largest |d|. A value counts only where the truth \
      and all methods are valid, so that all are measured on the same cells; `n` says how many. Means are plain \
      means over the cells; with `weights: area` each cell counts by its area. Sums are double precision, in one \
      order. The scores are printed by `run` (a table, or `scores` in --json). The result of the stage is the same \
      numbers as a data set: one variable for each measure, over method, region and period. CF has standard names for \
      two of them: rmse (`... standard_error`) and n (`number_of_observations`); a file of these alone passes ACDD \
      checks, which want a standard name for every variable.
      """,
    hasEffect: true,
    keys: [
      Key("truth", .stream, required: true, "what is true"),
      Key(
        "methods", .either([.dictionary(.stream), .streams]), required: true,
        "the fields that are measured: a list, or name: field"),
      Key("variables", .list(.text), default: "all of the truth", "the variables that are compared"),
      Key(
        "metrics", .list(.choice(Metric.allCases.map(\.rawValue))),
        default: "rmse, mae, bias, correlation", "the measures"),
      Key(
        "regions", .dictionary(.mapping(PartOfField.keys)), default: "all: the whole grid",
        "parts of the domain, each by name, that are measured by themselves"),
      Key(
        "by", .choice(["none", "month", "season", "year"]), default: "none",
        "measure each month or season (of all years), or each year, by itself too"),
      Key(
        "weights", .choice(["none", "area"]), default: "none", "what each cell counts: the same, or its area"),
      Key("json", .text, "a file that gets the scores as JSON too"),
    ])

  enum Metric: String, CaseIterable, Sendable {
    case rmse, mae, bias, correlation
    case maxError = "max-error"
  }

  private let arguments: Arguments
  private let metrics: [Metric]

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    var metrics: [Metric] = []
    for value in arguments.list("metrics") ?? [] {
      guard let metric = value.text.flatMap(Metric.init), !metrics.contains(metric) else {
        throw PlanError("`\(value.text ?? "")` is no measure, or named twice", at: value.mark)
      }
      metrics.append(metric)
    }
    self.metrics = metrics.isEmpty ? [.rmse, .mae, .bias, .correlation] : metrics
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let truth = try inputs.stream("truth")
    let methods = try names(of: inputs.all("methods"))
    let chosen = try truth.variables(arguments.list("variables"))
    var variables: [Evaluated.Compared] = []
    var alignments: [Alignment] = []
    for (_, stream) in methods {
      // The truth decides where and when: a method may be without time or levels, and is then repeated.
      alignments.append(try Alignment(of: stream, on: truth.description, named: truth.name))
    }
    for index in chosen {
      let variable = truth.description.variables[index]
      guard variable.flags == nil else {
        throw PlanError(
          "`\(variable.name)` has classes: its errors mean nothing", at: truth.mark, subject: variable.name)
      }
      var sources: [Evaluated.Source] = []
      for (name, stream) in methods { sources.append(try source(of: variable, in: stream, method: name)) }
      variables.append(
        .init(
          truth: index, name: variable.name, units: UnitText.difference(variable.units) ?? "1",
          sources: sources))
    }
    let regions = try regions(of: truth)
    let periods = try periods(of: truth)
    var areas: LazyAreas?
    if arguments.text("weights") == "area" {
      guard truth.description.grid.kind != .bare, truth.description.grid.kind != .points else {
        throw PlanError(
          "the cells of `\(truth.name)` have no area", at: arguments.mark("weights"),
          remedy: "use `weights: none`")
      }
      areas = LazyAreas(truth.description.grid)
    }
    let shape = ScoreShape(
      methods: methods.map(\.name), regions: regions.map(\.name), periods: periods.names, metrics: metrics,
      variables: variables.map { ($0.name, $0.units) })
    return graph.add(
      Evaluated(
        output: shape.description(of: truth.description, chosen), shape: shape, truth: truth.description,
        variables: variables, alignments: alignments, parts: regions.map(\.part), periods: periods.ofTime,
        areas: areas, json: arguments.path("json").map { .init(path: $0, mark: arguments.mark("json")) },
        order: graph.nodes.count << 32), inputs: [truth.node] + methods.map(\.stream.node))
  }

  /// The methods by the names that they have in the scores.
  private func names(
    of streams: [StageInputs.Stream]
  ) throws(PlanError) -> [(name: String, stream: StageInputs.Stream)] {
    guard let value = arguments.value("methods"), !streams.isEmpty else {
      throw PlanError("`methods` names no stream", at: arguments.mark("methods"))
    }
    var names = streams.map(\.name)
    if case .mapping(let entries) = value.content { names = entries.map(\.key) }
    guard names.count == streams.count else {
      throw PlanError("`methods` names a stream that is not there", at: value.mark)
    }
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      throw PlanError("the method `\(name)` is given twice", at: value.mark, subject: name)
    }
    return zip(names, streams).map { ($0, $1) }
  }

  /// The variable of a method that stands for one of the truth, and its conversion to the truth's units.
  private func source(
    of variable: VariableDescription, in stream: StageInputs.Stream, method: String
  ) throws(PlanError) -> Evaluated.Source {
    let candidates = stream.description.variables
    var index = candidates.firstIndex { $0.name == variable.name }
    if index == nil, let standardName = variable.standardName {
      index = stream.description.variableIndex(standardName)
    }
    if index == nil, candidates.count == 1 { index = 0 }
    guard let index else {
      throw PlanError(
        "`\(stream.name)` has no variable `\(variable.name)`", at: stream.mark, subject: variable.name,
        remedy: "it has \(stream.description.variableList); rename or select one")
    }
    let (from, to) = (candidates[index].units, variable.units)
    guard from != to else { return .init(variable: index, factor: 1, offset: 0) }
    guard let from, let to else {
      throw PlanError(
        "`\(candidates[index].name)` of `\(stream.name)` is in \(from ?? "no units"), the truth in \(to ?? "no units")",
        at: stream.mark, subject: variable.name,
        remedy: "state the units at the input: `attributes: {units: ...}`")
    }
    do {
      let conversion = try UnitConversion(from: from, to: to)
      let isDifference = candidates[index].isTemperatureDifference
      return .init(variable: index, factor: conversion.factor, offset: isDifference ? 0 : conversion.offset)
    } catch {
      throw PlanError(
        "`\(candidates[index].name)` of `\(stream.name)` is in \(from), the truth in \(to)", at: stream.mark,
        subject: variable.name, remedy: error.remedy ?? "convert it")
    }
  }

  private func regions(
    of truth: StageInputs.Stream
  ) throws(PlanError) -> [(name: String, part: PartOfField)] {
    func part(_ values: [String: ConfigValue], _ mark: Mark) throws(PlanError) -> PartOfField {
      try PartOfField(
        Arguments(stage: arguments.stage, mark: mark, values: values), of: truth.description.grid,
        named: truth.name)
    }
    guard let value = arguments.value("regions"), case .mapping(let entries) = value.content else {
      return [("all", try part([:], arguments.mark))]
    }
    guard entries.count <= 64 else {
      throw PlanError("\(entries.count) regions are more than 64", at: value.mark)
    }
    var regions: [(String, PartOfField)] = []
    for entry in entries {
      guard case .mapping(let keys) = entry.value.content else { continue }
      let values = Dictionary(keys.map { ($0.key, $0.value) }, uniquingKeysWith: { old, _ in old })
      regions.append((entry.key, try part(values, entry.value.mark)))
    }
    return regions
  }

  /// The periods, the first of them everything, and for each step of the truth the other one that it is in.
  private func periods(
    of truth: StageInputs.Stream
  ) throws(PlanError) -> (names: [String], ofTime: [Int?]) {
    let by = arguments.text("by") ?? "none"
    let count = truth.description.timeCount
    guard by != "none" else { return (["all"], [Int?](repeating: nil, count: count)) }
    guard let time = truth.description.time else {
      throw PlanError("`\(truth.name)` has no time axis", at: arguments.mark("by"), subject: "time")
    }
    do {
      let keys: [Int]
      let name: (Int) -> String
      switch by {
      case "month":
        keys = try time.keys(.monthOfYear)
        name = { $0 < 10 ? "0\($0)" : "\($0)" }
      case "season":
        keys = try time.keys(.seasonOfYear)
        name = { ["DJF", "MAM", "JJA", "SON"][min(max($0, 0), 3)] }
      default:
        keys = try time.representativeDates().map(\.year)
        name = { "\($0)" }
      }
      let known = Set(keys).sorted()
      return (["all"] + known.map(name), keys.map { known.firstIndex(of: $0).map { $0 + 1 } })
    } catch {
      throw PlanError(error.cause, at: arguments.mark("by"), subject: "time", remedy: error.remedy)
    }
  }
}
