import GridFiles
import Grids

/// Makes one time step of many.
public struct Aggregate: Stage {
  public static let declaration = StageDeclaration(
    name: "aggregate",
    summary: "means, sums, extremes, percentiles over days, months, seasons, ... or a climatology",
    discussion: """
      Steps are put together by the calendar of the data: `over: month` makes one step of each month of each year, \
      seasons are DJF, MAM, JJA, SON, with December in the winter of the next year. A step belongs to the period that \
      holds the middle of its bounds, without bounds its time. `climatology: true` puts the same hour, day, month or \
      season of all years together. `over: all` makes one step of everything, `over: rolling` a running window of \
      `window` steps: whole windows only, so there are `window` - 1 steps fewer.
      Missing samples are left out; `min-count` and `min-valid` say how many there must be. std and var divide by \
      n - `ddof`. Percentiles are linear between the two nearest samples (Hyndman and Fan 1996, type 7; numpy's \
      default), and hold all samples of a group in memory. Sums are double precision. `sum` adds the numbers as they \
      are: multiply rates by their interval first.
      `over: area` makes one cell of the whole grid, `longitude` one of each row (the zonal mean), `latitude` one of \
      each column: means are weighted by the area of the cells, `min-valid` is the share of the area; with them go mean, \
      max and min.
      Bounds of the result go from the first lower to the last upper bound of the samples; without bounds in the \
      input they are the edges of the calendar's period. `cell_methods` gets what CF 7.3 has a word for; a \
      climatology gets climatological bounds and `within years ... over years` (CF 7.4; days for hours).
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key(
        "over",
        .choice(["hour", "day", "month", "season", "year", "all", "rolling", "area", "longitude", "latitude"]
        ),
        required: true, "the period that becomes one step, or the axes that become one cell"),
      Key("method", .choice(methods), default: "mean", "what is made of the samples"),
      Key("percentile", .number, "0 to 100, for `method: percentile`"),
      Key("ddof", .integer, default: "0", "std and var divide by n - ddof"),
      Key(
        "climatology", .boolean, default: "false", "the same hour, day, month or season of all years together"
      ),
      Key("window", .integer, "steps of the running window"),
      Key(
        "align", .choice(["centre", "trailing"]), default: "centre",
        "whether the window's middle or its last step gives the time"),
      Key("min-count", .integer, default: "1", "samples that a cell must have, else it is missing"),
      Key("min-valid", .number, "the share of samples that must be valid, 0 to 1"),
      Key(
        "time", .choice(["middle", "start", "end"]), default: "middle",
        "which instant of the period is its time"),
    ])
  static let methods = [
    "mean", "sum", "max", "min", "range", "std", "var", "median", "percentile", "count",
  ]

  private let arguments: Arguments
  private let over: String
  private let method: String
  private let isClimatology: Bool

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    over = arguments.text("over") ?? ""
    method = arguments.text("method") ?? "mean"
    isClimatology = arguments.boolean("climatology") ?? false
    if method == "percentile" {
      guard let p = arguments.number("percentile"), (0...100).contains(p) else {
        throw PlanError(
          "`method: percentile` needs `percentile`, 0 to 100", at: arguments.mark("percentile"))
      }
    } else if arguments.value("percentile") != nil {
      throw PlanError("`percentile` belongs to `method: percentile`", at: arguments.mark("percentile"))
    }
    if let axes = SpaceReduced.Axes(rawValue: over) {
      guard ["mean", "max", "min"].contains(method) else {
        throw PlanError("`over: \(axes.rawValue)` goes with mean, max and min", at: arguments.mark("method"))
      }
      if let key = ["climatology", "time"].first(where: { arguments.value($0) != nil }) {
        throw PlanError("`\(key)` does not go with `over: \(axes.rawValue)`", at: arguments.mark(key))
      }
    }
    if let value = arguments.value("ddof") {
      guard method == "std" || method == "var" else {
        throw PlanError("`ddof` belongs to `method: std` or `var`", at: value.mark)
      }
      guard let ddof = value.integer, (0...1).contains(ddof) else {
        throw PlanError("`ddof` is 0 or 1", at: value.mark)
      }
    }
    if over == "rolling" {
      guard let window = arguments.integer("window"), window >= 2 else {
        throw PlanError("`over: rolling` needs `window`, 2 or more steps", at: arguments.mark("window"))
      }
    } else {
      for key in ["window", "align"] where arguments.value(key) != nil {
        throw PlanError("`\(key)` belongs to `over: rolling`", at: arguments.mark(key))
      }
    }
    if isClimatology, !["hour", "day", "month", "season"].contains(over) {
      throw PlanError(
        "`climatology` goes with `over: hour`, `day`, `month` or `season`", at: arguments.mark("climatology"))
    }
    if over == "rolling", arguments.value("time") != nil {
      throw PlanError("a running window has its time by `align`", at: arguments.mark("time"))
    }
    if let value = arguments.value("min-count") {
      guard let count = value.integer, count >= 0 else {
        throw PlanError("`min-count` is 0 or more", at: value.mark)
      }
    }
    if let value = arguments.value("min-valid") {
      guard let share = value.number, (0...1).contains(share) else {
        throw PlanError("`min-valid` lies between 0 and 1", at: value.mark)
      }
    }
  }

  private var statistic: Statistic {
    let freedom = arguments.integer("ddof") ?? 0
    switch method {
    case "sum": return .sum
    case "max": return .max
    case "min": return .min
    case "range": return .range
    case "std": return .deviation(freedom: freedom)
    case "var": return .variance(freedom: freedom)
    case "median": return .median
    case "percentile": return .percentile(arguments.number("percentile") ?? 50)
    case "count": return .count
    default: return .mean
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    if let axes = SpaceReduced.Axes(rawValue: over) { return try planSpace(axes, input, in: &graph) }
    guard let time = input.description.time, time.count > 0 else {
      throw PlanError("`\(input.name)` has no time steps", at: arguments.mark("over"), subject: "time")
    }
    let periods: TimePeriods
    do { periods = try makePeriods(time) } catch {
      throw PlanError(
        error.cause, at: arguments.mark("over"), subject: error.subject ?? "time", remedy: error.remedy)
    }
    guard !periods.groups.isEmpty else {
      throw PlanError(
        "the window of \(arguments.integer("window") ?? 0) steps is longer than the \(time.count) steps of "
          + "`\(input.name)`", at: arguments.mark("window"))
    }
    var output = input.description
    output.time = periods.time
    for index in output.variables.indices {
      output.variables[index] = CellMethods.reduce(
        output.variables[index], method: method, percentile: arguments.number("percentile"),
        climatologyOver: isClimatology ? (over == "hour" ? "days" : "years") : nil)
    }
    let label =
      "\(method) over \(isClimatology ? "climatological " : "")\(over): \(time.count) -> \(periods.groups.count) steps"
    return graph.add(
      TimeReduced(
        label: label, output: output, statistic: statistic, groups: periods.groups,
        minimumCounts: minimumCounts(periods.groups), isKept: isClimatology || over == "all"),
      inputs: [input.node])
  }

  private func planSpace(
    _ axes: SpaceReduced.Axes, _ input: StageInputs.Stream, in graph: inout ComputationGraph
  ) throws(PlanError) -> NodeID {
    let grid = input.description.grid
    var output = input.description
    var areas: [Double]
    do {
      areas = try grid.cellAreas()
      output.grid = try axes.reduce(grid)
    } catch {
      throw PlanError(
        error.cause, at: arguments.mark("over"), subject: error.subject ?? input.name, remedy: error.remedy)
    }
    guard areas.count == grid.count else {
      throw PlanError(
        "the cells of `\(input.name)` have no areas", at: arguments.mark("over"), subject: input.name)
    }
    let columns = grid.topology.isPeriodic ? grid.topology.columns : grid.nx
    for index in areas.indices where index % grid.nx >= columns || !areas[index].isFinite { areas[index] = 0 }
    let name = axes == .area ? "area" : axes == .longitude ? output.grid.x.name : output.grid.y.name
    for index in output.variables.indices {
      output.variables[index] = CellMethods.reduce(output.variables[index], method: method, over: name)
    }
    return graph.add(
      SpaceReduced(
        label:
          "\(method) over \(axes.rawValue): \(grid.ny)x\(grid.nx) -> \(output.grid.ny)x\(output.grid.nx)",
        output: output, axes: axes, statistic: statistic, input: input.description, areas: areas,
        minimumCount: arguments.integer("min-count") ?? 1, minimumShare: arguments.number("min-valid") ?? 0),
      inputs: [input.node])
  }

  private func makePeriods(_ time: TimeAxis) throws(GridError) -> TimePeriods {
    let place = TimePeriods.Place(rawValue: arguments.text("time") ?? "middle") ?? .middle
    switch over {
    case "rolling":
      return try TimePeriods.rolling(
        time, window: arguments.integer("window") ?? 2, isTrailing: arguments.text("align") == "trailing")
    case "all": return try TimePeriods.all(time, place)
    default:
      let grouping: TimeGrouping =
        switch (over, isClimatology) {
        case ("hour", false): .hour
        case ("hour", true): .hourOfDay
        case ("day", false): .day
        case ("day", true): .dayOfYear
        case ("season", false): .season
        case ("season", true): .seasonOfYear
        case ("year", _): .year
        case (_, true): .monthOfYear
        default: .month
        }
      return try TimePeriods.calendar(time, grouping, place)
    }
  }

  private func minimumCounts(_ groups: [[Int]]) -> [Int] {
    let count = arguments.integer("min-count") ?? 1
    let share = arguments.number("min-valid") ?? 0
    return groups.map { max(count, Int((share * Double($0.count) - 1e-9).rounded(.up))) }
  }
}
