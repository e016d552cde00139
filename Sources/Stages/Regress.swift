import GridFiles
import Grids

/// Fits a field by others and a base, on a part of the data, and applies the fit everywhere.
public struct Regress: Stage {
  public static let declaration = StageDeclaration(
    name: "regress", summary: "adds to a field what others explain of its error: a fitted lapse rate",
    discussion: """
      target = input + a_1 x_1 + ... + a_k x_k (+ a_0 with `intercept: true`): the coefficients are fitted by least \
      squares over the valid cells of the given part (rows, columns, latitude, longitude) and the given times of the \
      target, and the right side is computed wherever input and predictors are. With the relief less its \
      interpolated coarse mean as the predictor and interpolated temperature as the input, a_1 is a lapse rate in \
      K m-1. Normal equations in double precision, summed in one order, scaled by the size of the predictors. Each \
      variable of `input` is fitted by itself, all levels together. The coefficients are told by `run` and stand in the \
      attributes regression_predictors, regression_coefficients, regression_intercept, regression_values (how many \
      values were fitted) of the result.
      """,
    keys: [
      Key("input", .stream, "the base: a first estimate of the target"),
      Key("target", .stream, required: true, "what is to be matched"),
      Key("predictors", .streams, required: true, "the fields that explain the rest"),
      Key("intercept", .boolean, default: "false", "fit a constant too"),
    ] + PartOfField.keys + [
      Key("from", .text, "first date of the fit, e.g. 2006, 2006-03 or 2006-03-15"),
      Key("to", .text, "last date, included"),
      Key("months", .list(.either([.integer, .text])), "months of any year: 1 to 12, or jan to dec"),
      Key("seasons", .list(.text), "runs of months by their initials: DJF, MAM, JJAS, ..."),
      Key("times", .list(.integer), "first and last step by index"),
      Key("step", .integer, default: "1", "every n-th step"),
    ])

  private let arguments: Arguments
  private let hasIntercept: Bool

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    hasIntercept = arguments.boolean("intercept") ?? false
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let (base, target) = (try inputs.stream("input"), try inputs.stream("target"))
    let streams = inputs.all("predictors")
    let onBase = try Alignment(of: target, on: base.description, named: base.name)
    var predictors: [Regression.Predictor] = []
    var names: [String] = []
    for (index, stream) in streams.enumerated() {
      let alignment = try Alignment(of: stream, on: base.description, named: base.name)
      for (variable, description) in stream.description.variables.enumerated() {
        guard description.flags == nil else {
          throw PlanError(
            "`\(description.name)` has classes: it cannot be a predictor", at: stream.mark,
            subject: description.name)
        }
        predictors.append(.init(stream: index, variable: variable, alignment: alignment))
        names.append(description.name)
      }
    }
    guard !predictors.isEmpty, predictors.count <= 64 else {
      throw PlanError("\(predictors.count) predictors, expected 1 to 64", at: arguments.mark("predictors"))
    }
    var targets: [Regression.Target] = []
    for variable in base.description.variables {
      let found = try Counterpart(of: variable, in: target, role: "it cannot be fitted")
      targets.append(.init(variable: found.index, factor: found.factor, offset: found.offset))
    }
    let regression = Regression(
      base: base.description, targets: targets, onBase: onBase, predictors: predictors, names: names,
      hasIntercept: hasIntercept,
      times: try TimeSelection(arguments).indices(of: base),
      part: try PartOfField(arguments, of: base.description.grid, named: base.name),
      key: "\(graph.nodes.count)")
    let fields = streams.map(\.node)
    let fit = graph.add(
      Fitted(regression: regression), inputs: [base.node, target.node] + fields)
    var output = base.description
    for index in output.variables.indices {
      output.variables[index].set("regression_predictors", .text(names.joined(separator: " ")))
      for name in ["coefficients", "intercept", "values"] where name != "intercept" || hasIntercept {
        output.variables[index].set(
          "regression_\(name)", .text(LateAttribute.place(regression.key(index, name))))
      }
    }
    return graph.add(
      Applied(regression: regression, output: output), inputs: [base.node, fit] + fields)
  }
}
