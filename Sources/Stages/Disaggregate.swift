import Grids

/// Makes a coarse field fine with a fine climatology.
public struct Disaggregate: Stage {
  public static let declaration = StageDeclaration(
    name: "disaggregate",
    summary: "makes a coarse field fine by its departures from a climatology (the second half of BCSD)",
    discussion: """
      The climatology is the mean of the fine observations in each month (or season) of the training. It is made \
      coarse onto the field's grid (plain means of blocks where the coarse cells are blocks of the fine ones, else \
      first-order conservative); the field's departures from that (additive: differences; multiplicative: ratios, 1 where \
      the climatology is 0) are interpolated between the centres of the coarse cells, and put onto the fine \
      climatology: the spatial disaggregation of Wood et al. 2004 (doi:10.1023/B:CLIM.0000013685.99609.9e). \
      `quantile-map` before it corrects the coarse field. `conserve` after it makes the means of the coarse cells right.
      """,
    keys: [
      Key("input", .stream, "the coarse field"),
      Key("observed", .stream, required: true, "fine observations: their grid is that of the result"),
      Key(
        "train", .mapping(TrainingSetup.timeKeys), default: "all",
        "the times of the observations that are meant over"),
      Key("by", .choice(["month", "season"]), default: "month", "steps that have a climatology together"),
      Key(
        "kind", .choice(QuantileMapping.Kind.allCases.map(\.rawValue)), default: "additive",
        "departures are differences, or ratios (rain, wind speed)"),
      Key(
        "method", .choice(["bilinear", "bicubic", "nearest"]), default: "bilinear",
        "how departures are interpolated"),
    ])

  private let arguments: Arguments
  public init(_ arguments: Arguments) throws(PlanError) { self.arguments = arguments }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let (input, observed) = (try inputs.stream("input"), try inputs.stream("observed"))
    let by = arguments.text("by") ?? "month"
    let isRatio = arguments.text("kind") == "multiplicative"
    let groups = try StepGroups(observed, by: by, at: arguments.mark("by"))
    let train = arguments.part("train")
    let (keys, steps) = groups.restricted(to: Set(try TimeSelection(train).indices(of: observed)))
    let own = try StepGroups(input, by: by, at: arguments.mark("by"))
    let step = try own.keys.enumerated().map { index, key throws(PlanError) -> Int in
      guard let found = keys.firstIndex(of: key) else {
        throw PlanError(
          "step \(index + 1) of `\(input.name)` is in a \(by) that the training does not have",
          at: arguments.mark("train"), subject: "time", remedy: "train on all months, or `select` the others")
      }
      return found
    }
    let counterparts = try input.description.variables.map { variable throws(PlanError) in
      try Counterpart(of: variable, in: observed, role: "there is nothing between them")
    }
    guard
      observed.description.layerCount == 1 || observed.description.layerCount == input.description.layerCount
    else {
      throw PlanError(
        "`\(observed.name)` has not the levels of `\(input.name)`", at: observed.mark, subject: observed.name)
    }
    // The fine climatology, and what the coarse grid sees of it.
    var normal = observed.description
    normal.time = TimeAxis(
      values: keys.indices.map(Double.init), units: "days since 2001-01-01", calendar: .standard)
    let fine = stream(
      graph.add(
        TimeReduced(
          label: "climatology of each \(by)", output: normal, statistic: .mean, groups: steps,
          minimumCounts: steps.map { _ in 1 }, isKept: true), inputs: [observed.node]), "the climatology",
      in: graph)
    let coarse = try coarsened(fine, input, observed, in: &graph)
    func change(
      _ operation: SeasonalChange.Operation, _ field: NodeID, _ normal: NodeID, _ output: Description
    ) -> NodeID {
      graph.add(
        SeasonalChange(
          output: output, operation: operation, step: step, counterparts: counterparts,
          repeatsLayers: observed.description.layerCount == 1 && input.description.layerCount > 1),
        inputs: [field, normal])
    }
    let departure = stream(
      change(isRatio ? .ratio : .difference, input.node, coarse.node, input.description), input.name,
      in: graph)
    let method = arguments.text("method") ?? "bilinear"
    var keysOfRegrid = ["method": ConfigValue(.scalar(method, isQuoted: false), arguments.mark)]
    if method != "nearest" {
      keysOfRegrid["extrapolate"] = ConfigValue(.scalar("edge", isQuoted: false), arguments.mark)
      // At coasts the cells that there are.
      keysOfRegrid["min-valid"] = ConfigValue(.scalar("0.01", isQuoted: false), arguments.mark)
    }
    if method != "nearest", !input.description.grid.isRectilinear {
      keysOfRegrid["extrapolate"] = ConfigValue(.scalar("nearest", isQuoted: false), arguments.mark)
    }
    let spread = try Regrid(Arguments(stage: "regrid", mark: arguments.mark, values: keysOfRegrid))
      .plan(StageInputs(["input": [departure], "to": [observed]]), in: &graph)
    var output = input.description
    output.grid = observed.description.grid
    return change(isRatio ? .product : .sum, spread, fine.node, output)
  }

  private func stream(_ node: NodeID, _ name: String, in graph: ComputationGraph) -> StageInputs.Stream {
    .init(name: name, node: node, description: graph.description(node), mark: arguments.mark)
  }

  private func coarsened(
    _ fine: StageInputs.Stream, _ input: StageInputs.Stream, _ observed: StageInputs.Stream,
    in graph: inout ComputationGraph
  ) throws(PlanError) -> StageInputs.Stream {
    func integer(_ value: Int) -> ConfigValue {
      ConfigValue(.scalar("\(value)", isQuoted: false), arguments.mark)
    }
    var blocks: Refinement?
    do { blocks = try Refinement(input, in: observed) } catch { blocks = nil }
    if let blocks {
      if blocks.isNone { return fine }
      let factor = ConfigValue(
        .mapping([
          .init(key: "rows", keyMark: arguments.mark, value: integer(blocks.rows)),
          .init(key: "columns", keyMark: arguments.mark, value: integer(blocks.columns)),
        ]), arguments.mark)
      let node = try Coarsen(Arguments(stage: "coarsen", mark: arguments.mark, values: ["factor": factor]))
        .plan(StageInputs(["input": [fine]]), in: &graph)
      return stream(node, "the coarse climatology", in: graph)
    }
    let method = ConfigValue(.scalar("conservative", isQuoted: false), arguments.mark)
    let node = try Regrid(Arguments(stage: "regrid", mark: arguments.mark, values: ["method": method]))
      .plan(StageInputs(["input": [fine], "to": [input]]), in: &graph)
    return stream(node, "the coarse climatology", in: graph)
  }
}
