import GridFiles
import Grids

enum Anomaly: Quantity {
  static let declaration = QuantityDeclaration(
    name: "anomaly", summary: "difference of all variables from their climatology, in their own units",
    formula: """
      x - mean of x over the same part of all years (`period`: month, season, day, hour; or all, over all steps), the mean \
      over the input's own steps; or x less the climatology that `climatology` names, made by `aggregate` with the same \
      variables on the same grid, each step less the climatology's step of its month, season, day or hour.
      """,
    source: "definition; WMO-No. 1203 (2017), Guidelines on the Calculation of Climate Normals",
    keys: [
      Key(
        "period", .choice(["month", "season", "day", "hour", "all"]), default: "month",
        "the part of the year that the climatology tells apart"),
      Key("climatology", .stream, default: "made of the input", "the climatology to subtract"),
    ])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = request.streams[0]
    let mark = request.arguments.mark("period")
    guard let time = input.description.time, time.count > 0 else {
      throw PlanError("`\(input.name)` has no time steps", at: request.mark, subject: "time")
    }
    let grouping: TimeGrouping? =
      switch request.arguments.text("period") ?? "month" {
      case "season": .seasonOfYear
      case "day": .dayOfYear
      case "hour": .hourOfDay
      case "all": nil
      default: .monthOfYear
      }
    let periods: TimePeriods
    let keys: [Int]
    do {
      if let grouping {
        periods = try TimePeriods.calendar(time, grouping, .middle)
        keys = try time.keys(grouping)
      } else {
        periods = try TimePeriods.all(time, .middle)
        keys = [Int](repeating: 0, count: time.count)
      }
    } catch { throw PlanError(error.cause, at: mark, subject: "time", remedy: error.remedy) }

    var output = input.description
    for index in output.variables.indices {
      output.variables[index] = changed(output.variables[index])
    }
    if let climatology = request.climatology {
      let steps = try steps(of: climatology, for: keys, grouping, of: input, request)
      return graph.add(
        Departure(output: output, steps: steps), inputs: [input.node, climatology.node])
    }
    var means = input.description
    means.time = periods.time
    let node = graph.add(
      TimeReduced(
        label: "climatology of \(periods.groups.count) steps", output: means, statistic: .mean,
        groups: periods.groups, minimumCounts: periods.groups.map { _ in 1 }, isKept: true),
      inputs: [input.node])
    var steps = [Int](repeating: 0, count: time.count)
    for (group, members) in periods.groups.enumerated() { for member in members { steps[member] = group } }
    return graph.add(Departure(output: output, steps: steps), inputs: [input.node, node])
  }

  /// For each step of the input, the step of the climatology.
  private static func steps(
    of climatology: StageInputs.Stream, for keys: [Int], _ grouping: TimeGrouping?,
    of input: StageInputs.Stream,
    _ request: QuantityRequest
  ) throws(PlanError) -> [Int] {
    let description = climatology.description
    if let difference = description.grid.difference(from: input.description.grid) {
      throw PlanError(
        "`\(climatology.name)` and `\(input.name)` are on different grids: \(difference)",
        at: climatology.mark,
        subject: climatology.name)
    }
    guard description.layers.map(\.values) == input.description.layers.map(\.values) else {
      throw PlanError(
        "`\(climatology.name)` and `\(input.name)` have different levels", at: climatology.mark,
        subject: climatology.name)
    }
    guard description.variables.count == input.description.variables.count else {
      throw PlanError(
        "`\(climatology.name)` has \(description.variables.count) variables and `\(input.name)` "
          + "\(input.description.variables.count)", at: climatology.mark, subject: climatology.name)
    }
    for (mean, variable) in zip(description.variables, input.description.variables)
    where mean.name != variable.name || mean.units != variable.units {
      throw PlanError(
        "the variables `\(mean.name)` (\(mean.units ?? "no units")) and `\(variable.name)` "
          + "(\(variable.units ?? "no units")) are not the same", at: climatology.mark,
        subject: variable.name,
        remedy: "rename or convert one of them")
    }
    guard let grouping, let time = description.time else {
      guard description.timeCount == 1 else {
        throw PlanError(
          "`period: all` needs a climatology of one step, `\(climatology.name)` has \(description.timeCount)",
          at: climatology.mark, subject: "time")
      }
      return keys.map { _ in 0 }
    }
    if let other = input.description.time, other.calendar != time.calendar, grouping == .dayOfYear {
      throw PlanError(
        "the calendars are \(time.calendar.rawValue) and \(other.calendar.rawValue)", at: climatology.mark,
        subject: "time")
    }
    let known: [Int]
    do { known = try time.keys(grouping) } catch {
      throw PlanError(error.cause, at: climatology.mark, subject: "time", remedy: error.remedy)
    }
    guard Set(known).count == known.count else {
      throw PlanError(
        "`\(climatology.name)` has several steps for the same \(request.arguments.text("period") ?? "month")",
        at: climatology.mark, subject: "time", remedy: "make it with `aggregate: {climatology: true}`")
    }
    var result: [Int] = []
    for key in keys {
      guard let step = known.firstIndex(of: key) else {
        throw PlanError(
          "`\(climatology.name)` has no step for \(request.arguments.text("period") ?? "month") \(key)",
          at: climatology.mark, subject: "time")
      }
      result.append(step)
    }
    return result
  }

  private static func changed(_ variable: VariableDescription) -> VariableDescription {
    var result = variable
    let name = variable.standardName.map { "\($0)_anomaly" }
    // CF names the anomalies of a few quantities only; the others keep the name of their quantity, as CDO does.
    result.standardName = name.flatMap { StandardNames.contains($0) ? $0 : nil } ?? variable.standardName
    result.longName = "anomaly of \(variable.longName ?? variable.standardName ?? variable.name)"
    result.units = UnitText.difference(variable.units)
    result.flags = nil
    if UnitText.isTemperature(variable.units) {
      result.set("units_metadata", .text("temperature: difference"))
    }
    return result
  }
}

extension QuantityRequest {
  /// The stream of the key `climatology`.
  var climatology: StageInputs.Stream? { extra["climatology"] }
}

extension TimeAxis {
  /// The part of the cycle in which each step lies: month 1 to 12, season 0 to 3, day of the year, hour.
  func keys(_ grouping: TimeGrouping) throws(GridError) -> [Int] {
    // The bounds of a climatology span years: its times say the part.
    let dates = try isClimatology ? dates() : representativeDates()
    return dates.map { date in
      switch grouping {
      case .seasonOfYear, .season: date.season
      case .dayOfYear, .day: calendar.dayOfYear(date) ?? 0
      case .hourOfDay, .hour: date.hour
      default: date.month
      }
    }
  }
}

/// Each step less a step of a climatology.
struct Departure: Computation {
  let output: Description
  /// For each step, that of the climatology.
  let steps: [Int]
  let label = "anomaly"

  func steps(for region: Region) -> [[Need]] {
    [[Need(0, region)]]
      + Set(region.times.map { steps[$0] }).sorted().map { step in
        var part = region
        part.times = step..<step + 1
        return [Need(1, part)]
      }
  }

  func begin(_ region: Region) throws(StageError) -> any Work { DepartureWork(self, region) }
}

private final class DepartureWork: Work {
  let departure: Departure
  let region: Region
  let needed: [Int]
  var result: Block?
  init(_ departure: Departure, _ region: Region) {
    (self.departure, self.region) = (departure, region)
    needed = Set(region.times.map { departure.steps[$0] }).sorted()
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard let block = blocks.first else { throw StageError("the anomaly was given no input") }
    guard step > 0, let result else {
      result = block
      return
    }
    let each = region.layers.count * region.mapCount
    let (values, validity) = (result.values, result.validity)
    let (normals, isNormal) = (block.values, block.validity)
    for (position, time) in region.times.enumerated() where departure.steps[time] == needed[step - 1] {
      for v in 0..<region.variables.count {
        let (to, from) = (result.mapOffset(v, position, 0), block.mapOffset(v, 0, 0))
        for i in 0..<each {
          if validity[to + i] & isNormal[from + i] != 0 {
            values[to + i] = Float(Double(values[to + i]) - Double(normals[from + i]))
          } else {
            values[to + i] = .nan
            validity[to + i] = 0
          }
        }
      }
    }
  }

  func finish() throws(StageError) -> Block {
    guard let result else { throw StageError("the anomaly was finished before it was given its inputs") }
    return result
  }
}
