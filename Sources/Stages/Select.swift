import Grids

/// Takes a part of a field.
public struct Select: Stage {
  public static let declaration = StageDeclaration(
    name: "select", summary: "takes variables, times, levels or a region of a field",
    discussion: """
      All given keys hold together. Times: `from` and `to` are dates in the calendar of the data and include the \
      whole period that they name (`to: 2006-03` ends with March); a step is dated by the middle of its bounds, \
      without bounds by its time. `step` then takes every n-th of the chosen steps. Levels are given in \
      `level-units` or in the axis' own units and must be there, to a millionth, unless `nearest`. A region holds \
      the cells whose centre lies in it. `longitude: [west, east]` goes eastwards and may cross the date line or \
      the Greenwich meridian ([170, -170] is 20 degrees wide); the columns of latitude-longitude grids are then put \
      in an order in which longitude grows from `west`. On other grids the region is the smallest box of rows and \
      columns that holds those cells. Indices count from 0, the last is included, -1 is the last one.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key(
        "variables", .list(.text), default: "all", "names or CF standard names, in the order of the result"),
      Key("from", .text, "first date, e.g. 2006, 2006-03 or 2006-03-15T12:00"),
      Key("to", .text, "last date, included"),
      Key("months", .list(.either([.integer, .text])), "months of any year: 1 to 12, or jan to dec"),
      Key("seasons", .list(.text), "runs of months by their initials: DJF, MAM, JJAS, ..."),
      Key("times", .list(.integer), "first and last step by index, before `step`"),
      Key("step", .integer, default: "1", "every n-th step"),
      Key("levels", .list(.number), "values of the level axis, in the order of the result"),
      Key("level-range", .list(.number), "all levels between two values"),
      Key("level-indices", .list(.integer), "levels by index"),
      Key("level-units", .text, default: "the axis' own", "units of the level values"),
      Key(
        "level-axis", .text, default: "the vertical axis", "the axis that is meant, when there are several"),
      Key("nearest", .boolean, default: "false", "take the nearest level when none is equal"),
      Key("squeeze", .boolean, default: "false", "one level alone becomes a scalar coordinate"),
      Key("latitude", .list(.number), "two bounds in degrees"),
      Key("longitude", .list(.number), "west and east in degrees"),
      Key("rows", .list(.integer), "first and last row by index"),
      Key("columns", .list(.integer), "first and last column by index"),
    ])
  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    for (one, others) in [
      ("levels", ["level-range", "level-indices"]), ("level-range", ["level-indices"]),
      ("latitude", ["rows"]),
      ("longitude", ["columns"]),
    ] where arguments.value(one) != nil {
      for other in others where arguments.value(other) != nil {
        throw PlanError("`\(one)` and `\(other)` exclude each other", at: arguments.mark(other))
      }
    }
    if arguments.value("levels") == nil, arguments.value("nearest") != nil {
      throw PlanError("`nearest` belongs to `levels`", at: arguments.mark("nearest"))
    }
    if arguments.value("levels") == nil, arguments.value("level-range") == nil,
      arguments.value("level-units") != nil
    {
      throw PlanError("`level-units` belongs to `levels` or `level-range`", at: arguments.mark("level-units"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    var output = input.description

    let variables = try input.variables(arguments.list("variables"))
    guard !variables.isEmpty else {
      throw PlanError("`variables` is empty", at: arguments.mark("variables"))
    }
    output.variables = variables.map { input.description.variables[$0] }

    let selection = TimeSelection(arguments)
    let times = try selection.indices(of: input)
    output.time = input.description.time?.subset(times)

    let layers = try LayerSelection(arguments).apply(to: &output, of: input)

    let cells = try CellSelection(arguments).apply(to: &output, of: input)
    let label =
      "select \(variables.count) x \(times.count) x \(layers.count) x \(cells.rows.count) x \(cells.columns.count)"
    return graph.add(
      Picked(
        label: label, output: output, variables: variables, times: times, layers: layers, rows: cells.rows,
        columns: cells.columns), inputs: [input.node])
  }
}
