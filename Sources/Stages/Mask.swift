import Grids

/// Makes values missing where another field says so.
public struct Mask: Stage {
  public static let declaration = StageDeclaration(
    name: "mask", summary: "makes values missing by a condition on another field",
    discussion: """
      Values are kept where the condition on the field `where` holds (`action: drop`: where it does not); the \
      others become missing, or `fill`. Several conditions must hold together. Where the field `where` is itself \
      missing, no condition holds. `missing-of` makes values missing where another field is. Both fields lie on \
      the grid of the input; one without time holds for every step, one without levels for every level.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key("where", .stream, "the field of the condition"),
      Key("variable", .text, default: "the only one", "which variable of `where`"),
      Key("above", .number, "it is greater than this"),
      Key("at-least", .number, "it is this or greater"),
      Key("below", .number, "it is less than this"),
      Key("at-most", .number, "it is this or less"),
      Key("between", .list(.number), "it lies between these two, both included"),
      Key("equals", .either([.number, .list(.number)]), "it is this, or one of these"),
      Key("units", .text, default: "those of `where`", "units of the numbers above"),
      Key("action", .choice(["keep", "drop"]), default: "keep", "what happens where the condition holds"),
      Key("missing-of", .stream, "missing where all variables of this field are missing"),
      Key("fill", .number, default: "missing", "the value that masked cells get"),
    ])

  struct Condition: Sendable, Hashable {
    var low = -Double.infinity
    var high = Double.infinity
    var includesLow = true
    var includesHigh = true
    var members: [Double]?

    func holds(_ x: Double) -> Bool {
      if includesLow ? x < low : x <= low { return false }
      if includesHigh ? x > high : x >= high { return false }
      guard let members else { return true }
      // The numbers of the pipeline are decimal, those of the field float32.
      return members.contains { x == $0 || Float(x) == Float($0) }
    }
  }

  private var condition: Condition?
  private let conditionMark: Mark
  private let variable: ConfigValue?
  private let units: ConfigValue?
  private let keeps: Bool
  private let fill: Float?

  public init(_ arguments: Arguments) throws(PlanError) {
    var condition = Condition()
    var used: [String] = []
    func number(_ key: String) -> Double? {
      guard let number = arguments.number(key) else { return nil }
      used.append(key)
      return number
    }
    if let x = number("at-least") { (condition.low, condition.includesLow) = (x, true) }
    if let x = number("above"), x >= condition.low { (condition.low, condition.includesLow) = (x, false) }
    if let x = number("at-most") { (condition.high, condition.includesHigh) = (x, true) }
    if let x = number("below"), x <= condition.high { (condition.high, condition.includesHigh) = (x, false) }
    if let list = arguments.list("between") {
      let ends = list.compactMap(\.number)
      guard ends.count == 2, list.count == 2, ends[0] <= ends[1] else {
        throw PlanError(
          "`between` needs two numbers, the lower one first", at: arguments.mark("between"),
          remedy: "e.g. `between: [0, 10]`")
      }
      guard used.isEmpty else {
        throw PlanError("`between` and `\(used[0])` exclude each other", at: arguments.mark("between"))
      }
      (condition.low, condition.high) = (ends[0], ends[1])
      used.append("between")
    }
    if let list = arguments.list("equals") {
      condition.members = list.compactMap(\.number)
      guard condition.members?.count == list.count, !list.isEmpty else {
        throw PlanError("`equals` needs a number or a list of numbers", at: arguments.mark("equals"))
      }
      used.append("equals")
    }
    guard condition.low <= condition.high else {
      throw PlanError("no value fulfils the conditions", at: arguments.mark(used[0]))
    }
    switch (arguments.value("where"), used.first) {
    case (let stream?, nil):
      throw PlanError(
        "`where` needs a condition", at: stream.mark,
        remedy: "one of `above`, `at-least`, `below`, `at-most`, `between`, `equals`")
    case (nil, let key?): throw PlanError("`\(key)` needs a field `where`", at: arguments.mark(key))
    case (nil, nil):
      if arguments.value("missing-of") == nil {
        throw PlanError("`mask` needs `where` or `missing-of`", at: arguments.mark)
      }
      for key in ["variable", "units", "action"] where arguments.value(key) != nil {
        throw PlanError("`\(key)` needs a field `where`", at: arguments.mark(key))
      }
    case (_?, _?): self.condition = condition
    }
    conditionMark = arguments.mark(used.first ?? "where")
    variable = arguments.value("variable")
    units = arguments.value("units")
    keeps = arguments.text("action") != "drop"
    fill = arguments.number("fill").map { Float($0) }
    if let fill, !fill.isFinite {
      throw PlanError("`fill` does not fit into float32", at: arguments.mark("fill"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    var nodes = [input.node]
    var masks: [Masked.Part] = []
    if let condition {
      let field = try inputs.stream("where")
      let index: Int
      if let variable {
        index = try field.variable(variable)
      } else if field.description.variables.count == 1 {
        index = 0
      } else {
        throw PlanError(
          "`\(field.name)` has \(field.description.variables.count) variables", at: field.mark,
          remedy: "say which with `variable`: \(field.description.variableList)")
      }
      masks.append(
        Masked.Part(
          variables: index..<index + 1,
          alignment: try Alignment(of: field, on: input.description, named: input.name),
          condition: try inUnits(condition, of: field.description.variables[index]), keeps: keeps))
      nodes.append(field.node)
    }
    if let field = inputs["missing-of"] {
      masks.append(
        Masked.Part(
          variables: 0..<field.description.variables.count,
          alignment: try Alignment(of: field, on: input.description, named: input.name), condition: nil,
          keeps: true))
      nodes.append(field.node)
    }
    return graph.add(Masked(output: input.description, parts: masks, fill: fill), inputs: nodes)
  }

  /// The condition in the units of the field.
  private func inUnits(_ condition: Condition, of variable: VariableDescription) throws(PlanError)
    -> Condition
  {
    guard let units, let text = units.text else { return condition }
    guard let to = variable.units else {
      throw PlanError("`\(variable.name)` has no units", at: units.mark, subject: variable.name)
    }
    let conversion: UnitConversion
    do { conversion = try UnitConversion(from: text, to: to) } catch {
      throw PlanError(
        error.cause, at: units.mark, subject: variable.name,
        remedy: error.remedy ?? "`\(variable.name)` is in \(to)")
    }
    func convert(_ x: Double) -> Double { conversion.factor * x + conversion.offset }
    var result = condition
    (result.low, result.high) = (convert(condition.low), convert(condition.high))
    result.members = condition.members?.map(convert)
    if conversion.factor < 0 {
      (result.low, result.high) = (result.high, result.low)
      (result.includesLow, result.includesHigh) = (condition.includesHigh, condition.includesLow)
    }
    return result
  }
}

/// Values that other fields make missing.
struct Masked: Computation {
  struct Part: Sendable {
    /// Of the mask's stream.
    let variables: Range<Int>
    let alignment: Alignment
    /// Nil: whether any of the variables is valid decides.
    let condition: Mask.Condition?
    let keeps: Bool
  }
  let output: Description
  /// One for each input after the first.
  let parts: [Part]
  let fill: Float?
  let label = "mask"

  func steps(for region: Region) -> [[Need]] {
    [
      [Need(0, region)]
        + parts.enumerated().map { index, part in
          Need(index + 1, part.alignment.region(region, variables: part.variables))
        }
    ]
  }

  func begin(_ region: Region) throws(StageError) -> any Work { MaskedWork(self) }
}

private final class MaskedWork: Work {
  let masked: Masked
  var result: Block?
  init(_ masked: Masked) { self.masked = masked }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard let block = blocks.first, blocks.count == masked.parts.count + 1 else {
      throw StageError("the mask was not given its inputs")
    }
    let region = block.region
    let (values, validity) = (block.values, block.validity)
    for (mask, part) in zip(blocks.dropFirst(), masked.parts) {
      let (maskValues, maskValidity) = (mask.values, mask.validity)
      for t in 0..<region.times.count {
        for l in 0..<region.layers.count {
          let (mt, ml) = (part.alignment.repeatsTime ? 0 : t, part.alignment.repeatsLayers ? 0 : l)
          let maps = (0..<part.variables.count).map { mask.mapOffset($0, mt, ml) }
          let outputs = (0..<region.variables.count).map { block.mapOffset($0, t, l) }
          for i in 0..<region.mapCount {
            let keeps: Bool
            if let condition = part.condition {
              let holds = maskValidity[maps[0] + i] != 0 && condition.holds(Double(maskValues[maps[0] + i]))
              keeps = holds == part.keeps
            } else {
              keeps = maps.contains { maskValidity[$0 + i] != 0 }
            }
            if keeps { continue }
            for output in outputs {
              values[output + i] = masked.fill ?? .nan
              validity[output + i] = masked.fill == nil ? 0 : 1
            }
          }
        }
      }
    }
    result = block
  }

  func finish() throws(StageError) -> Block {
    guard let result else { throw StageError("the mask was finished before it was given its inputs") }
    return result
  }
}
