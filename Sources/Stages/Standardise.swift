import GridFiles
import Grids

/// Subtracts a mean and divides by a standard deviation.
public struct Standardise: Stage {
  public static let declaration = StageDeclaration(
    name: "standardise", summary: "subtracts a mean and divides by a standard deviation, or undoes it",
    discussion: """
      (x - mean) / std, units "1". Mean and standard deviation are given, or computed from the field itself: \
      `over: all` one number per variable and level over all times and cells (not weighted by area), `over: time` one per \
      cell over all times. The standard deviation divides by n. Missing values are left out and stay missing; so do, \
      with `over: time`, cells that never change. Given numbers are recorded as the attributes \
      `standardised_mean`, `standardised_std`, `standardised_units` and `standardised_name`; `invert: true` gives \
      x * std + mean and takes the numbers from these attributes unless they are given.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key("variables", .list(.text), default: "all", "the variables that are standardised"),
      Key("mean", .either([.number, .dictionary(.number)]), "the mean, or variable: mean"),
      Key("std", .either([.number, .dictionary(.number)]), "the standard deviation, or variable: std"),
      Key(
        "over", .choice(["all", "time"]), default: "all",
        "what mean and std are computed over, when not given"),
      Key("invert", .boolean, default: "false", "undo: x * std + mean"),
    ])

  private let arguments: Arguments
  private let inverts: Bool

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    inverts = arguments.boolean("invert") ?? false
    let (mean, std) = (arguments.value("mean"), arguments.value("std"))
    if (mean == nil) != (std == nil) {
      throw PlanError(
        "`mean` and `std` are given together", at: (mean ?? std)?.mark ?? arguments.mark,
        remedy: "add `\(mean == nil ? "mean" : "std")`")
    }
    if let over = arguments.value("over") {
      if mean != nil { throw PlanError("`over` and `mean` exclude each other", at: over.mark) }
      if inverts { throw PlanError("`over` and `invert` exclude each other", at: over.mark) }
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let chosen = try input.variables(arguments.list("variables"))
    var output = input.description
    if arguments.value("mean") == nil, !inverts {
      for index in chosen { output.variables[index] = Self.standardised(output.variables[index], nil) }
      return try addComputed(input, output, chosen, in: &graph)
    }
    var changes = [Affine.Change](repeating: .init(), count: output.variables.count)
    for index in chosen {
      let variable = input.description.variables[index]
      let (mean, std) = try numbers(of: variable, input)
      if inverts {
        changes[index] = .init(shift: 0, factor: std, offset: mean)
        output.variables[index] = Self.restored(variable)
      } else {
        changes[index] = .init(shift: mean, factor: 1 / std, offset: 0)
        output.variables[index] = Self.standardised(variable, (mean, std))
      }
    }
    let label = inverts ? "undo standardise" : "standardise"
    return graph.add(Affine(label: label, output: output, changes: changes), inputs: [input.node])
  }

  /// The given mean and standard deviation of a variable, or those that its attributes record.
  private func numbers(
    of variable: VariableDescription, _ input: StageInputs.Stream
  ) throws(PlanError) -> (Double, Double) {
    func number(_ key: String) throws(PlanError) -> Double {
      guard let value = arguments.value(key) else {
        guard let number = variable.attributes["standardised_\(key)"]?.number, number.isFinite else {
          throw PlanError(
            "`\(variable.name)` has no attribute standardised_\(key)", at: arguments.mark("invert"),
            subject: variable.name, remedy: "give `mean` and `std`")
        }
        return number
      }
      if let number = value.number { return number }
      guard case .mapping(let entries) = value.content else {
        throw PlanError("`\(key)` is \(value.kindName), expected a number", at: value.mark)
      }
      for entry in entries {
        // A name that fits no variable is a mistake, whichever variable is looked for.
        let index = try input.variable(entry.key, at: entry.keyMark)
        if input.description.variables[index].name == variable.name, let number = entry.value.number {
          return number
        }
      }
      throw PlanError(
        "`\(key)` has no number for `\(variable.name)`", at: value.mark, subject: variable.name,
        remedy: "add it, or list the other variables in `variables`")
    }
    let (mean, std) = (try number("mean"), try number("std"))
    guard std > 0, (1 / std).isFinite else {
      throw PlanError(
        "the standard deviation of `\(variable.name)` must be greater than 0, found \(std.plain)",
        at: arguments.mark("std"), subject: variable.name)
    }
    return (mean, std)
  }

  private func addComputed(
    _ input: StageInputs.Stream, _ output: Description, _ chosen: [Int], in graph: inout ComputationGraph
  ) throws(PlanError) -> NodeID {
    let count = input.description.variables.count
    let isChosen = (0..<count).map(chosen.contains)
    if arguments.text("over") != "time" {
      let statistics = graph.add(FieldStatistics(of: input.description), inputs: [input.node])
      return graph.add(
        Standardised(
          output: output, isChosen: isChosen, isPerCell: false, means: (1, 0), deviations: (1, count)),
        inputs: [input.node, statistics])
    }
    guard let time = input.description.time, time.count > 1 else {
      throw PlanError(
        "`over: time` needs two time steps at least, `\(input.name)` has \(input.description.timeCount)",
        at: arguments.mark("over"), subject: "time")
    }
    func reduced(_ statistic: Statistic, _ name: String) -> TimeReduced {
      var description = input.description
      description.time = nil
      return TimeReduced(
        label: "\(name) over time", output: description, statistic: statistic,
        groups: [Array(0..<time.count)],
        minimumCounts: [1], isKept: true)
    }
    let mean = graph.add(reduced(.mean, "mean"), inputs: [input.node])
    let deviation = graph.add(reduced(.deviation(freedom: 0), "standard deviation"), inputs: [input.node])
    return graph.add(
      Standardised(output: output, isChosen: isChosen, isPerCell: true, means: (1, 0), deviations: (2, 0)),
      inputs: [input.node, mean, deviation])
  }

  /// Whether a variable of that long name comes from this stage.
  static func isStandardised(longName: String?) -> Bool { longName?.hasPrefix("standardised ") ?? false }

  private static func standardised(
    _ variable: VariableDescription, _ numbers: (mean: Double, std: Double)?
  ) -> VariableDescription {
    var result = variable
    result.units = "1"
    result.attributes.removeAll { $0.name == "units_metadata" }
    result.standardName = nil
    result.flags = nil
    result.longName = "standardised \(variable.longName ?? variable.standardName ?? variable.name)"
    if let numbers {
      result.set("standardised_mean", .float64([numbers.mean]))
      result.set("standardised_std", .float64([numbers.std]))
    }
    if let units = variable.units { result.set("standardised_units", .text(units)) }
    if let name = variable.standardName { result.set("standardised_name", .text(name)) }
    return result
  }

  /// The variable before it was standardised, as far as its attributes tell.
  private static func restored(_ variable: VariableDescription) -> VariableDescription {
    var result = variable
    result.units = variable.attributes["standardised_units"]?.text
    result.standardName = variable.attributes["standardised_name"]?.text
    let prefix = "standardised "
    if let title = variable.longName, title.hasPrefix(prefix) {
      result.longName = String(title.dropFirst(prefix.count))
    }
    result.attributes.removeAll { $0.name.hasPrefix("standardised_") }
    return result
  }
}

/// (x - mean) / std with computed means and standard deviations.
struct Standardised: Computation {
  let output: Description
  let isChosen: [Bool]
  /// One mean for each cell, or one for all.
  let isPerCell: Bool
  /// The input, and which of its variables is that of the first.
  let means: (input: Int, offset: Int)
  let deviations: (input: Int, offset: Int)
  let label = "standardise"

  func operations(for region: Region) -> Double { Double(region.count) * 2 }

  func steps(for region: Region) -> [[Need]] {
    region.variables.map { variable in
      var field = region
      field.variables = variable..<variable + 1
      guard isChosen[variable] else { return [Need(0, field)] }
      func statistic(_ source: (input: Int, offset: Int)) -> Need {
        var part = field
        part.variables = variable + source.offset..<variable + source.offset + 1
        part.times = 0..<1
        if !isPerCell { (part.rows, part.columns) = (0..<1, 0..<1) }
        return Need(source.input, part)
      }
      return [Need(0, field), statistic(means), statistic(deviations)]
    }
  }

  func begin(_ region: Region) throws(StageError) -> any Work {
    StandardisedWork(isPerCell, try Block.make(region))
  }
}

private final class StandardisedWork: Work {
  let isPerCell: Bool
  let result: Block
  init(_ isPerCell: Bool, _ result: Block) { (self.isPerCell, self.result) = (isPerCell, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard let block = blocks.first else { throw StageError("`standardise` was given no input") }
    let region = result.region
    let (values, validity) = (result.values, result.validity)
    let (source, isValid) = (block.values, block.validity)
    let statistics = blocks.count == 3 ? (blocks[1].values, blocks[2].values) : nil
    for t in 0..<region.times.count {
      for l in 0..<region.layers.count {
        let (from, to) = (block.mapOffset(0, t, l), result.mapOffset(step, t, l))
        let first = blocks.count == 3 ? blocks[1].mapOffset(0, 0, l) : 0
        for i in 0..<region.mapCount {
          validity[to + i] = isValid[from + i]
          values[to + i] = source[from + i]
          guard let (means, deviations) = statistics, validity[to + i] != 0 else { continue }
          let k = first + (isPerCell ? i : 0)
          let value = Float((Double(values[to + i]) - Double(means[k])) / Double(deviations[k]))
          validity[to + i] = value.isFinite ? 1 : 0
          values[to + i] = value.isFinite ? value : .nan
        }
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}
