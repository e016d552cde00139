import Basics
import Grids
import Networks

/// Compares fields with the truth.
public struct Evaluate: Stage {
  public static let declaration = StageDeclaration(
    name: "evaluate", summary: "measures how well fields agree with the truth",
    discussion: """
      With d = field - truth, summed over cells, levels and times: rmse: sqrt(mean d^2). mae: mean |d|. bias: mean d. \
      correlation: Pearson's, of field and truth. max-error: the largest |d|. A value counts only where the truth \
      and all methods are valid, so that all are measured on the same cells; `n` says how many. Means are plain \
      means over the cells; with `weights: area` each cell counts by its area (not in measures of maps: fss, sal, \
      ssim, psnr, power_spectrum). A method whose field has an axis member (or realization, number, ensemble) is an \
      ensemble: measures of single values take the mean of its members, those of series and maps are the means of the \
      members' own. Sums are double precision, in one order. The scores are printed by `run` (a table, the best of each \
      measure marked with *, or `scores` in --json). The result of the stage is the same numbers as a data set: one \
      variable for each measure, over method, region and period; with `maps: true` over method, period and the cells \
      of the truth. CF has standard names for two of them: rmse (`... standard_error`) and n \
      (`number_of_observations`); a file of these alone passes ACDD checks, which want a standard name for every \
      variable. With `bootstrap` each number gets an interval: the data are cut into runs of times (measures of series, \
      and all when there are few times: into tiles of the map), and these are drawn again with replacement, the same \
      ones for all methods.

      The measures, each a name, or a name with keys (`{fss: {threshold: 1, window: 9}}`):
      \(Metrics.help)
      """,
    hasEffect: true,
    keys: [
      Key("truth", .stream, required: true, "what is true"),
      Key(
        "methods", .either([.dictionary(.stream), .streams]), required: true,
        "the fields that are measured: a list, or name: field"),
      Key("variables", .list(.text), default: "all of the truth", "the variables that are compared"),
      Key(
        "metrics", .list(.other("a measure: a name, or a name with keys")),
        default: "rmse, mae, bias, correlation", "the measures"),
      Key(
        "regions", .dictionary(.mapping(PartOfField.keys)), default: "all: the whole grid",
        "parts of the domain, each by name, that are measured by themselves"),
      Key("elevation", .stream, "heights, for `bands`"),
      Key(
        "bands", .list(.number), "bounds of heights: each range is a region more, [0, 500, 1000] gives two"),
      Key(
        "by", .choice(["none", "month", "season", "year"]), default: "none",
        "measure each month or season (of all years), or each year, by itself too"),
      Key(
        "weights", .choice(["none", "area"]), default: "none", "what each cell counts: the same, or its area"),
      Key("maps", .boolean, default: "false", "the result has a value for each cell, over its times"),
      Key(
        "bootstrap", .either([.integer, .mapping(Bootstrap.keys)]),
        "intervals of the scores: how many samples, or keys"),
      Key("json", .text, "a file that gets the scores as JSON too"),
    ])

  private let arguments: Arguments
  private let bootstrap: Bootstrap?

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    bootstrap = try Bootstrap(arguments)
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let truth = try inputs.stream("truth")
    let methods = try names(of: inputs.all("methods"))
    let chosen = try truth.variables(arguments.list("variables"))
    var alignments: [Alignment] = []
    var members: [Evaluated.Members] = []
    for (_, stream) in methods {
      // The truth decides where and when: a method may be without time or levels, and is then repeated.
      let (single, layout) = Self.withoutMembers(stream)
      alignments.append(try Alignment(of: single, on: truth.description, named: truth.name))
      members.append(layout)
    }
    var variables: [Evaluated.Compared] = []
    var described: [ScoreShape.Variable] = []
    for index in chosen {
      let variable = truth.description.variables[index]
      guard variable.flags == nil else {
        throw PlanError(
          "`\(variable.name)` has classes: its errors mean nothing", at: truth.mark, subject: variable.name)
      }
      var sources: [Evaluated.Source] = []
      for (name, stream) in methods { sources.append(try source(of: variable, in: stream, method: name)) }
      if let given = deviations, sources.allSatisfy({ $0.spread == nil }) {
        throw PlanError(
          "no method has a variable `\(given.text ?? "")` in the units of what it is the deviation of",
          at: given.mark, subject: variable.name)
      }
      variables.append(.init(truth: index, sources: sources))
      let subject = MetricSubject(
        name: variable.name, units: variable.units, timeCount: truth.description.timeCount,
        hasTime: truth.description.time != nil, members: members.map(\.count))
      described.append(.init(name: variable.name, units: variable.units, metrics: try metrics(subject)))
    }
    let isMap = arguments.boolean("maps") ?? false
    if isMap, let wrong = described.first?.metrics.first(where: { $0 is any MapMetric }) {
      throw PlanError(
        "`\(type(of: wrong).declaration.name)` is a measure of whole maps: it has no value in a cell",
        at: arguments.mark("maps"), remedy: "leave it out, or use `maps: false`")
    }
    let (regions, elevation) = try banded(try regions(of: truth), inputs, truth)
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
      methods: methods.map(\.name), regions: regions.map(\.name), periods: periods.names,
      variables: described,
      outputs: described.first?.metrics.flatMap(\.outputs) ?? [], hasIntervals: bootstrap != nil, isMap: isMap
    )
    return graph.add(
      Evaluated(
        output: shape.description(of: truth.description, chosen), shape: shape, truth: truth.description,
        variables: variables, alignments: alignments, members: members, parts: regions.map(\.part),
        elevation: elevation == nil ? nil : methods.count + 1, periods: periods.ofTime,
        dates: try dates(of: truth, described), areas: areas, bootstrap: bootstrap,
        json: arguments.path("json").map { .init(path: $0, mark: arguments.mark("json")) },
        order: graph.nodes.count << 32),
      inputs: [truth.node] + methods.map(\.stream.node) + (elevation.map { [$0] } ?? []))
  }

  /// The measures for a variable.
  private func metrics(_ subject: MetricSubject) throws(PlanError) -> [any Metric] {
    let values = arguments.list("metrics") ?? ["rmse", "mae", "bias", "correlation"].map(ConfigValue.text)
    let decoding = Decoding()
    var metrics: [any Metric] = []
    var names: Set<String> = []
    for value in values {
      guard let metric = Metrics.find(value, subject, decoding) else { continue }
      if let twice = metric.outputs.first(where: { !names.insert($0.name).inserted }) {
        throw PlanError("the measure `\(twice.name)` is named twice", at: value.mark)
      }
      metrics.append(metric)
    }
    if let fault = decoding.faults.first { throw fault }
    return metrics
  }

  /// The stream as one of its members, and where they are.
  private static func withoutMembers(
    _ stream: StageInputs.Stream
  ) -> (StageInputs.Stream, Evaluated.Members) {
    let names: Set<String> = ["member", "members", "realization", "realisation", "ensemble", "ens", "number"]
    let layers = stream.description.layers
    guard
      let axis = layers.firstIndex(where: {
        $0.kind != .vertical && ($0.standardName == "realization" || names.contains($0.name.lowercased()))
      })
    else { return (stream, .init(count: 1, inner: 1)) }
    var description = stream.description
    description.layers.remove(at: axis)
    return (
      .init(name: stream.name, node: stream.node, description: description, mark: stream.mark),
      .init(count: layers[axis].count, inner: layers[(axis + 1)...].reduce(1) { $0 * $1.count })
    )
  }

  /// Regions, and of each its ranges of heights.
  private func banded(
    _ regions: [(name: String, part: PartOfField)], _ inputs: StageInputs, _ truth: StageInputs.Stream
  ) throws(PlanError) -> ([(name: String, part: Evaluated.Part)], NodeID?) {
    var result = regions.map { ($0.name, Evaluated.Part(part: $0.part, band: nil)) }
    guard let bands = arguments.value("bands") else {
      if let heights = inputs["elevation"] {
        throw PlanError(
          "`elevation` is for `bands`", at: heights.mark, remedy: "give `bands: [0, 500, 1000]`")
      }
      return (result, nil)
    }
    guard let heights = inputs["elevation"] else {
      throw PlanError("`bands` needs the heights", at: bands.mark, remedy: "name them as `elevation`")
    }
    let alignment = try Alignment(of: heights, on: truth.description, named: truth.name)
    guard heights.description.variables.count == 1, heights.description.timeCount == 1,
      alignment.repeatsTime || truth.description.timeCount == 1, heights.description.layerCount == 1
    else {
      throw PlanError(
        "`\(heights.name)` must be one map", at: heights.mark, remedy: "`select` one variable, time and level"
      )
    }
    let bounds = bands.list?.compactMap(\.number) ?? []
    guard bounds.count > 1, bounds.count <= 50, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw PlanError("`bands` are two or more growing numbers", at: bands.mark)
    }
    let units = heights.description.variables[0].units.map { " \($0)" } ?? ""
    for (name, part) in regions {
      for (low, high) in zip(bounds, bounds.dropFirst()) {
        let range = "\(low.plain) to \(high.plain)\(units)"
        result.append((name == "all" ? range : "\(name), \(range)", .init(part: part, band: low..<high)))
      }
    }
    return (result, heights.node)
  }

  /// Year and month of each step; none without a time axis that is needed.
  private func dates(
    of truth: StageInputs.Stream, _ variables: [ScoreShape.Variable]
  ) throws(PlanError) -> [(year: Int, month: Int)] {
    guard let time = truth.description.time,
      variables.contains(where: { $0.metrics.contains { $0 is any SeriesMetric } })
    else { return [] }
    do {
      return try time.representativeDates().map { ($0.year, $0.month) }
    } catch {
      throw PlanError(error.cause, at: truth.mark, subject: "time", remedy: error.remedy)
    }
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
    let spread = spread(of: candidates[index], in: candidates)
    guard from != to else { return .init(variable: index, spread: spread, factor: 1, offset: 0) }
    guard let from, let to else {
      throw PlanError(
        "`\(candidates[index].name)` of `\(stream.name)` is in \(from ?? "no units"), the truth in \(to ?? "no units")",
        at: stream.mark, subject: variable.name,
        remedy: "state the units at the input: `attributes: {units: ...}`")
    }
    do {
      let conversion = try UnitConversion(from: from, to: to)
      let isDifference = candidates[index].isTemperatureDifference
      return .init(
        variable: index, spread: spread, factor: conversion.factor,
        offset: isDifference ? 0 : conversion.offset)
    } catch {
      throw PlanError(
        "`\(candidates[index].name)` of `\(stream.name)` is in \(from), the truth in \(to)", at: stream.mark,
        subject: variable.name, remedy: error.remedy ?? "convert it")
    }
  }

  /// The key `std` of `crps_gaussian`.
  private var deviations: ConfigValue? {
    (arguments.list("metrics") ?? []).lazy.compactMap { $0["crps_gaussian"]?["std"] }.first
  }

  /// The variable with the standard deviation of another one.
  private func spread(of variable: VariableDescription, in candidates: [VariableDescription]) -> Int? {
    let name = deviations?.text ?? "\(variable.name)_std"
    return candidates.firstIndex { $0.name == name && $0.units == variable.units }
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
