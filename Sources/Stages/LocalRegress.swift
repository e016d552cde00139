import Grids

/// A linear model of its own for each cell, fitted over time.
public struct LocalRegress: Stage {
  public static let declaration = StageDeclaration(
    name: "local-regress",
    summary: "a linear or ridge regression in each cell on the cells around it, fitted over time",
    discussion: """
      In each fine cell target = a + sum of b_k x_k over the values of `input` in a window of `window` x `window` coarse \
      cells around the one that it lies in (its own grid, or blocks of the target's cells). Fitted by least squares over \
      the times of `train`; `ridge` is added to the diagonal of the correlation matrix of the predictors (so the \
      penalty is ridge x n x b^2 of standardised predictors, and the mean is not touched). Neighbours beyond the edge, \
      with a missing value at a step that is fitted, or that say nothing new are left out; steps at which the target is \
      missing too. Cells without two such steps, and steps at which a neighbour that is used is missing, have no value.
      """,
    keys: [
      Key("input", .stream, "the coarse predictors; all variables and levels"),
      Key("target", .stream, required: true, "what is fitted: its grid is that of the result"),
      Key("train", .mapping(TrainingSetup.timeKeys), default: "all", "the times that are fitted"),
      Key("window", .integer, default: "3", "coarse cells along each side, odd"),
      Key("ridge", .number, default: "0", "0: plain least squares"),
    ])

  private let arguments: Arguments
  private let window: Int
  private let ridge: Double

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    (window, ridge) = (arguments.integer("window") ?? 3, arguments.number("ridge") ?? 0)
    guard window >= 1, window <= 15, window % 2 == 1 else {
      throw PlanError("`window` is an odd number from 1 to 15, found \(window)", at: arguments.mark("window"))
    }
    guard ridge >= 0 else {
      throw PlanError("`ridge` is 0 or more, found \(ridge.plain)", at: arguments.mark("ridge"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let (input, target) = (try inputs.stream("input"), try inputs.stream("target"))
    guard let refinement = try Refinement(input, in: target) else {
      throw PlanError(
        "the cells of `\(input.name)` are not blocks of those of `\(target.name)`", at: input.mark,
        subject: input.name, remedy: "`coarsen` makes such a grid, or `regrid` to the target's")
    }
    if refinement.isNone, let difference = input.description.grid.difference(from: target.description.grid) {
      throw PlanError(
        "`\(input.name)` and `\(target.name)` are on different grids: \(difference)", at: input.mark,
        subject: input.name, remedy: "`regrid` one to the other")
    }
    guard let time = input.description.time else {
      throw PlanError("`\(input.name)` has no time axis", at: input.mark, subject: "time")
    }
    guard let other = target.description.time, other.difference(from: time) == nil else {
      throw PlanError(
        "`\(target.name)` has not the times of `\(input.name)`", at: target.mark, subject: "time",
        remedy: "select the same times in both")
    }
    for variable in input.description.variables + target.description.variables where variable.flags != nil {
      throw PlanError(
        "`\(variable.name)` has classes: it cannot be in a regression", at: arguments.mark,
        subject: variable.name)
    }
    guard target.description.layerCount == 1 else {
      throw PlanError(
        "`\(target.name)` has levels", at: target.mark, subject: target.name, remedy: "`select` one")
    }
    let times = try TimeSelection(arguments.part("train")).indices(of: input)
    let regression = LocalRegression(
      input: input.description, target: target.description, refinement: refinement, window: window,
      ridge: ridge,
      times: times)
    guard regression.predictors <= 256 else {
      throw PlanError(
        "\(regression.predictors) predictors are more than 256", at: arguments.mark("window"),
        remedy: "use a smaller `window`")
    }
    guard ridge > 0 || times.count > regression.predictors + 1 else {
      throw PlanError(
        "\(times.count) steps cannot fix \(regression.predictors + 1) coefficients",
        at: arguments.mark("train"),
        remedy: "use a smaller `window`, more steps, or `ridge`")
    }
    let fit = graph.add(LocallyFitted(regression: regression), inputs: [input.node, target.node])
    return graph.add(
      LocallyApplied(regression: regression, output: regression.output), inputs: [input.node, fit])
  }
}
