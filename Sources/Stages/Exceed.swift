import Grids

/// Finds where a value is extreme: heat waves, heavy precipitation, high wind.
public struct Exceed: Stage {
  public static let declaration = StageDeclaration(
    name: "exceed",
    summary:
      "marks values beyond a threshold or a climatology's percentile, for a time: heat waves, heavy rain",
    discussion: """
      A value is extreme when it is above (or with `side: below`: below) the number `threshold`, or the field \
      `climatology`: one without time, one at the same times, or one with a step for each month, season, day or hour as \
      `aggregate` makes them (`method: percentile`, `climatology: true`), by `period`. It counts when it belongs to \
      `duration` such steps in a row at its cell: a heat wave is three days above the 90th percentile (Perkins and \
      Alexander 2013, J. Climate 26, 4500-4517). A missing value ends a row. The result: the mask, and by how much the \
      threshold is passed where the mask is set. `objects` and `tracks` make events of it.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key("variable", .text, default: "the only one", "which variable"),
      Key("threshold", .number, "the value to pass"),
      Key("units", .text, default: "those of the variable", "units of `threshold`"),
      Key("climatology", .stream, "the field to pass"),
      Key(
        "period", .choice(["month", "season", "day", "hour"]), default: "day",
        "the part of the year that the climatology tells apart"),
      Key("side", .choice(["above", "below"]), default: "above", "which values are extreme"),
      Key("duration", .integer, default: "1", "steps in a row"),
      Key("name", .text, default: "extreme", "what the event is called"),
    ])

  private let arguments: Arguments
  private let duration: Int

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    duration = arguments.integer("duration") ?? 1
    guard (1...10_000).contains(duration) else {
      throw PlanError("`duration` lies between 1 and 10000 steps", at: arguments.mark("duration"))
    }
    switch (arguments.value("threshold"), arguments.value("climatology")) {
    case (nil, nil):
      throw PlanError("`exceed` needs `threshold` or `climatology`", at: arguments.mark)
    case (let value?, _?): throw PlanError("`threshold` and `climatology` exclude each other", at: value.mark)
    case (nil, _?):
      if let units = arguments.value("units") { throw PlanError("`units` needs `threshold`", at: units.mark) }
    case (_?, nil):
      if let period = arguments.value("period") {
        throw PlanError("`period` needs `climatology`", at: period.mark)
      }
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let description = input.description
    let index: Int
    if let variable = arguments.value("variable") {
      index = try input.variable(variable)
    } else if description.variables.count == 1 {
      index = 0
    } else {
      throw PlanError(
        "`\(input.name)` has \(description.variables.count) variables", at: input.mark,
        remedy: "say which with `variable`: \(description.variableList)")
    }
    let variable = description.variables[index]
    var number = arguments.number("threshold") ?? 0
    if let units = arguments.value("units") {
      guard let own = variable.units else {
        throw PlanError("`\(variable.name)` has no units", at: units.mark, subject: variable.name)
      }
      do { number = try UnitConversion(from: units.text ?? "", to: own)(number) } catch {
        throw PlanError(error.cause, at: units.mark, subject: variable.name, remedy: error.remedy)
      }
    }
    var nodes = [input.node]
    var steps: [Int]?
    var other = 0
    if let climatology = inputs["climatology"] {
      (other, steps) = try match(climatology, input, variable)
      nodes.append(climatology.node)
    }
    let name = (arguments.text("name") ?? "extreme").map { $0 == " " ? "_" : String($0) }.joined()
    let title = variable.longName ?? variable.standardName ?? variable.name
    var output = description
    var excess = VariableDescription(
      name: "\(name)_excess", longName: "\(title) beyond its threshold",
      units: UnitText.difference(variable.units))
    if UnitText.isTemperature(variable.units) {
      excess.set("units_metadata", .text("temperature: difference"))
    }
    output.variables = [
      VariableDescription(
        name: name, longName: "\(arguments.text("name") ?? "extreme") mask", units: nil,
        flags: [.init(value: 0, meaning: "background"), .init(value: 1, meaning: name)]), excess,
    ]
    return graph.add(
      Exceeding(
        output: output, variable: index, other: other, steps: steps, number: number,
        isBelow: arguments.text("side") == "below", duration: duration), inputs: nodes)
  }

  /// The variable of the climatology, and its step for each step of the input.
  private func match(
    _ climatology: StageInputs.Stream, _ input: StageInputs.Stream, _ variable: VariableDescription
  ) throws(PlanError) -> (Int, [Int]) {
    let (mark, normals) = (climatology.mark, climatology.description)
    if let difference = normals.grid.difference(from: input.description.grid) {
      throw PlanError(
        "`\(climatology.name)` and `\(input.name)` are on different grids: \(difference)", at: mark,
        subject: climatology.name, remedy: "regrid one to the other first")
    }
    guard normals.layers.map(\.values) == input.description.layers.map(\.values) else {
      throw PlanError("`\(climatology.name)` and `\(input.name)` have different levels", at: mark)
    }
    guard let index = normals.variables.count == 1 ? 0 : normals.variableIndex(variable.name) else {
      throw PlanError(
        "`\(climatology.name)` has no variable `\(variable.name)`", at: mark, subject: variable.name,
        remedy: "it has \(normals.variableList)")
    }
    guard normals.variables[index].units == variable.units else {
      throw PlanError(
        "`\(climatology.name)` is in \(normals.variables[index].units ?? "no units"), `\(input.name)` in "
          + (variable.units ?? "no units"), at: mark, subject: variable.name, remedy: "`convert` one of them")
    }
    let count = input.description.timeCount
    guard let time = normals.time, time.count > 1 else { return (index, [Int](repeating: 0, count: count)) }
    guard let own = input.description.time else {
      throw PlanError(
        "`\(input.name)` has no time axis and `\(climatology.name)` has", at: mark, subject: "time")
    }
    if !time.isClimatology, time.difference(from: own) == nil { return (index, Array(0..<count)) }
    let grouping: TimeGrouping =
      switch arguments.text("period") ?? "day" {
      case "month": .monthOfYear
      case "season": .seasonOfYear
      case "hour": .hourOfDay
      default: .dayOfYear
      }
    do {
      let known = try time.keys(grouping)
      guard Set(known).count == known.count else {
        throw PlanError(
          "`\(climatology.name)` has several steps for the same \(arguments.text("period") ?? "day")",
          at: mark,
          subject: "time", remedy: "make it with `aggregate: {climatology: true}`, or say its `period`")
      }
      var steps: [Int] = []
      for key in try own.keys(grouping) {
        // A leap day has the threshold of the day before, where the climatology has none.
        guard
          let step = known.firstIndex(of: key)
            ?? (grouping == .dayOfYear && key == 366 ? known.firstIndex(of: 365) : nil)
        else {
          throw PlanError(
            "`\(climatology.name)` has no step for \(arguments.text("period") ?? "day") \(key)", at: mark,
            subject: "time")
        }
        steps.append(step)
      }
      return (index, steps)
    } catch let error as GridError {
      throw PlanError(error.cause, at: mark, subject: "time", remedy: error.remedy)
    } catch let error as PlanError {
      throw error
    } catch {
      throw PlanError("\(error)", at: mark)
    }
  }
}

/// Where a row of extreme steps is long enough, and by how much.
struct Exceeding: Computation {
  let output: Description
  let variable: Int
  /// The variable of the climatology, and its step for each step.
  let other: Int
  let steps: [Int]?
  let number: Double
  let isBelow: Bool
  let duration: Int
  let label = "extremes"

  /// The steps that decide about those of a region.
  func window(_ times: Range<Int>) -> Range<Int> {
    max(0, times.lowerBound - duration + 1)..<min(output.timeCount, times.upperBound + duration - 1)
  }

  func steps(for region: Region) -> [[Need]] {
    var part = region
    part.variables = variable..<variable + 1
    return window(region.times).map { time in
      part.times = time..<time + 1
      var needs = [Need(0, part)]
      if let steps {
        var normal = part
        normal.variables = other..<other + 1
        normal.times = steps[time]..<steps[time] + 1
        needs.append(Need(1, normal))
      }
      return needs
    }
  }

  func scratchBytes(for region: Region) -> Int {
    window(region.times).count * region.layers.count * region.mapCount * 4
  }

  func operations(for region: Region) -> Double { Double(region.count) * Double(2 + 2 * duration) }

  func begin(_ region: Region) throws(StageError) -> any Work { ExceedingWork(self, try Block.make(region)) }

  private final class ExceedingWork: Work {
    let exceeding: Exceeding
    let result: Block
    /// By step: how far beyond the threshold, NaN where missing.
    var excess: [[Float]] = []
    init(_ exceeding: Exceeding, _ result: Block) { (self.exceeding, self.result) = (exceeding, result) }

    func take(_ blocks: [Block], step: Int) throws(StageError) {
      guard let block = blocks.first else { throw StageError("`exceed` was given no input") }
      let sign: Double = exceeding.isBelow ? -1 : 1
      var map = [Float](repeating: .nan, count: block.count)
      for i in 0..<block.count where block.validity[i] != 0 {
        if blocks.count > 1 {
          guard blocks[1].validity[i] != 0 else { continue }
          map[i] = Float(sign * (Double(block.values[i]) - Double(blocks[1].values[i])))
        } else {
          map[i] = Float(sign * (Double(block.values[i]) - exceeding.number))
        }
      }
      excess.append(map)
    }

    func finish() throws(StageError) -> Block {
      let region = result.region
      let window = exceeding.window(region.times)
      let each = region.layers.count * region.mapCount
      var long = [[Bool]](repeating: [Bool](repeating: false, count: each), count: excess.count)
      for i in 0..<each {
        var start = 0
        while start < excess.count {
          guard excess[start][i] > 0 else { start += 1; continue }
          var end = start
          while end < excess.count, excess[end][i] > 0 { end += 1 }
          // Cut by the edge of the window a row is long enough as far as it decides about this region.
          if end - start >= exceeding.duration { for t in start..<end { long[t][i] = true } }
          start = end
        }
      }
      for v in region.variables {
        for (position, time) in region.times.enumerated() {
          let t = time - window.lowerBound
          let start = result.mapOffset(v - region.variables.lowerBound, position, 0)
          for i in 0..<each {
            let x = excess[t][i]
            let value: Float =
              v == 0 ? (x.isNaN ? .nan : long[t][i] ? 1 : 0) : (long[t][i] ? x : .nan)
            result.values[start + i] = value
            result.validity[start + i] = value.isNaN ? 0 : 1
          }
        }
      }
      return result
    }
  }
}
