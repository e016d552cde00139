import Grids

/// Makes the distribution of a field's values that of observations.
public struct QuantileMap: Stage {
  public static let declaration = StageDeclaration(
    name: "quantile-map",
    summary: "corrects a field's distribution by observations: quantile mapping, quantile delta mapping",
    discussion: """
      In each cell and month (`by`), with F and Q the distribution function and its inverse of the observations (o), of \
      the reference (r: the same model in the time of the observations) and of the field itself (f). qm: \
      Q_o(F_r(x)). qdm (Cannon et al. 2015, doi:10.1175/JCLI-D-14-00754.1), which keeps the change of each quantile: \
      Q_o(F_f(x)) + x - Q_r(F_f(x)), multiplicative: Q_o(F_f(x)) x / Q_r(F_f(x)). empirical: F and Q are linear between \
      `quantiles` quantiles at equally spaced probabilities from 0 to 1; with qm, a value beyond all of the reference \
      is moved as the last quantile is (`extrapolate: constant`: added, or as a ratio), set to the last of the \
      observations (clamp), or missing. gamma: a share of dry values, and a gamma distribution of the wet ones by \
      maximum likelihood; fewer than 3 wet values count as dry. normal: means and standard deviations. With \
      `wet-threshold`, smaller values are dry: they become 0 before and after. `detrend: n`, with qm: the change of the running \
      mean of n years of the same month against the mean of the reference is taken out before and put back after, as \
      BCSD does (Wood et al. 2004). Missing values are left out of the fits and stay missing; a cell with fewer than \
      2 values has none. All fields must be on one grid: `coarsen` or `regrid` the observations, and `disaggregate` the \
      result onto theirs.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key("observed", .stream, required: true, "the observations, on the field's grid"),
      Key("reference", .stream, default: "the input", "the model in the time of the observations"),
      Key(
        "train", .mapping(TrainingSetup.timeKeys), default: "all",
        "the times of observations and reference that are fitted"),
      Key("method", .choice(QuantileMapping.Method.allCases.map(\.rawValue)), default: "qm", "how"),
      Key(
        "kind", .choice(QuantileMapping.Kind.allCases.map(\.rawValue)), default: "additive",
        "changes are differences, or ratios (rain, wind speed)"),
      Key(
        "distribution", .choice(DistributionKind.allCases.map(\.rawValue)), default: "empirical",
        "what is fitted"),
      Key("quantiles", .integer, default: "101", "of the empirical distribution"),
      Key(
        "by", .choice(["month", "season", "none"]), default: "month",
        "steps that have a distribution together"),
      Key("wet-threshold", .number, "in the field's units: smaller values are dry"),
      Key(
        "extrapolate", .choice(QuantileMapping.Extrapolation.allCases.map(\.rawValue)), default: "constant",
        "beyond the reference (empirical qm)"),
      Key("detrend", .integer, "years of the running mean, odd"),
    ])

  private let arguments: Arguments
  private let mapping: QuantileMapping
  private let quantiles: Int
  private let detrend: Int?

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    mapping = QuantileMapping(
      method: arguments.text("method").flatMap(QuantileMapping.Method.init) ?? .qm,
      kind: arguments.text("kind").flatMap(QuantileMapping.Kind.init) ?? .additive,
      distribution: arguments.text("distribution").flatMap(DistributionKind.init) ?? .empirical,
      extrapolation: arguments.text("extrapolate").flatMap(QuantileMapping.Extrapolation.init) ?? .constant,
      wet: arguments.number("wet-threshold"))
    quantiles = arguments.integer("quantiles") ?? 101
    detrend = arguments.integer("detrend")
    func refuse(_ key: String, _ text: String, _ remedy: String? = nil) throws(PlanError) {
      throw PlanError(text, at: arguments.mark(key), remedy: remedy)
    }
    guard (2...10_001).contains(quantiles) else {
      throw PlanError("`quantiles` goes from 2 to 10001, found \(quantiles)", at: arguments.mark("quantiles"))
    }
    if mapping.distribution != .empirical, arguments.value("quantiles") != nil {
      try refuse("quantiles", "`quantiles` is for `distribution: empirical`", "leave it out")
    }
    if arguments.value("extrapolate") != nil, mapping.distribution != .empirical || mapping.method == .qdm {
      try refuse("extrapolate", "only an empirical `qm` has an end of its range", "leave out `extrapolate`")
    }
    if let wet = mapping.wet, wet < 0 {
      try refuse("wet-threshold", "`wet-threshold` is 0 or more, found \(wet.plain)")
    }
    if mapping.distribution == .gamma, mapping.kind == .additive, mapping.method == .qdm {
      try refuse(
        "kind", "a gamma distribution with additive changes may go below 0", "use `kind: multiplicative`")
    }
    if let detrend {
      if mapping.method == .qdm { try refuse("detrend", "qdm keeps trends by itself", "leave out `detrend`") }
      guard detrend > 0, detrend % 2 == 1, detrend < 10_000 else {
        throw PlanError(
          "`detrend` is an odd number of years, found \(detrend)", at: arguments.mark("detrend"))
      }
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let (input, observed) = (try inputs.stream("input"), try inputs.stream("observed"))
    let reference = inputs["reference"] ?? input
    let groups = try SharedGroups(arguments, input, [observed, reference])
    func fit(_ stream: StageInputs.Stream, _ steps: [[Int]]) throws(PlanError) -> NodeID {
      graph.add(
        SampleFits(
          stream.description, try groups.counterparts(of: input, in: stream),
          named: input.description.variables, groups: steps, kind: mapping.distribution, nodes: quantiles,
          wet: mapping.wet), inputs: [stream.node])
    }
    var nodes = [input.node, try fit(observed, groups.steps[0]), try fit(reference, groups.steps[1])]
    var ownInput: Int?
    if mapping.method == .qdm {
      ownInput = nodes.count
      nodes.append(try fit(input, groups.ownSteps))
    }
    var trend: (running: Int, mean: Int)?
    if let detrend {
      trend = (nodes.count, nodes.count + 1)
      nodes.append(graph.add(running(input, groups.own, years: detrend), inputs: [input.node]))
      nodes.append(try mean(reference, groups.steps[1], of: input, in: &graph))
    }
    return graph.add(
      QuantileMapped(
        output: input.description, mapping: mapping,
        numbers: FittedDistribution.count(mapping.distribution, nodes: quantiles), groupCount: groups.count,
        group: groups.group, own: ownInput, trend: trend), inputs: nodes)
  }

  /// For each step the mean of the same month within some years.
  private func running(_ input: StageInputs.Stream, _ groups: StepGroups, years: Int) -> TimeReduced {
    let lists = groups.keys.indices.map { step in
      groups.keys.indices.filter {
        groups.keys[$0] == groups.keys[step] && abs(groups.years[$0] - groups.years[step]) <= years / 2
      }
    }
    return TimeReduced(
      label: "running mean of \(years) years", output: input.description, statistic: .mean, groups: lists,
      minimumCounts: lists.map { _ in 1 }, isKept: true)
  }

  /// The mean of each group.
  private func mean(
    _ reference: StageInputs.Stream, _ groups: [[Int]], of input: StageInputs.Stream,
    in graph: inout ComputationGraph
  ) throws(PlanError) -> NodeID {
    guard reference.description.variables.map(\.units) == input.description.variables.map(\.units) else {
      throw PlanError(
        "`detrend` needs `\(reference.name)` in the units of `\(input.name)`", at: reference.mark,
        remedy: "`convert` one of them")
    }
    var output = reference.description
    output.time = TimeAxis(
      values: groups.indices.map(Double.init), units: "days since 2001-01-01", calendar: .standard)
    return graph.add(
      TimeReduced(
        label: "mean of each group", output: output, statistic: .mean, groups: groups,
        minimumCounts: groups.map { _ in 1 }, isKept: true), inputs: [reference.node])
  }
}
