import Grids

/// Two fields made into one, cell by cell.
public struct Combine: Stage {
  enum Operation: String, CaseIterable { case difference, sum, product, ratio }

  public static let declaration = StageDeclaration(
    name: "combine", summary: "difference, sum, product or ratio of two fields on one grid",
    discussion: """
      `input` and `with`, cell by cell: input - with, input + with, input * with, input / with, computed in double \
      precision and rounded to float32. `with` has as many variables as `input`, taken in their order, or one for \
      all. For difference and sum it is converted to the units of `input` first. A stream without time or levels is \
      repeated. A value is missing where one of the two is, and where a ratio divides by 0; one that does not fit \
      into float32 ends the run. The difference of two temperatures is a difference of temperatures (CF: \
      units_metadata). Products, ratios and differences have no standard name, unless `standard-name` gives one; \
      a sum keeps that of `input`.
      """,
    keys: [
      Key("input", .stream, "the first field"),
      Key("with", .stream, required: true, "the second field"),
      Key(
        "operation", .choice(Operation.allCases.map(\.rawValue)), default: "difference",
        "what is made of them"),
      Key("name", .text, default: "as in `input`", "the name of the result, when it is one variable"),
      Key("standard-name", .text, "its CF standard name"),
      Key("long-name", .text, "its long name"),
    ])

  private let arguments: Arguments
  private let operation: Operation

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    let text = arguments.text("operation") ?? Operation.difference.rawValue
    guard let operation = Operation(rawValue: text) else {
      throw PlanError("`\(text)` is no operation", at: arguments.mark("operation"))
    }
    self.operation = operation
    if let name = arguments.text("standard-name"), !StandardNames.contains(name) {
      throw PlanError("`\(name)` is no CF standard name", at: arguments.mark("standard-name"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let (input, other) = (try inputs.stream("input"), try inputs.stream("with"))
    let alignment = try Alignment(of: other, on: input.description, named: input.name)
    let (first, second) = (input.description.variables, other.description.variables)
    guard second.count == 1 || second.count == first.count else {
      throw PlanError(
        "`\(input.name)` has \(first.count) variables and `\(other.name)` \(second.count)", at: other.mark,
        remedy: "select one, or as many")
    }
    for key in ["name", "standard-name", "long-name"] where arguments.value(key) != nil && first.count > 1 {
      throw PlanError(
        "`\(key)` is for one variable, and `\(input.name)` has \(first.count)", at: arguments.mark(key),
        remedy: "use `rename`")
    }
    var output = input.description
    var parts: [Combined.Part] = []
    for (index, variable) in first.enumerated() {
      let source = second.count == 1 ? 0 : index
      let change = try conversion(of: second[source], to: variable, other)
      parts.append(.init(variable: source, factor: change.factor, offset: change.offset))
      output.variables[index] = result(variable, second[source])
    }
    return graph.add(
      Combined(output: output, operation: operation, alignment: alignment, parts: parts),
      inputs: [input.node, other.node])
  }

  private func conversion(
    of variable: VariableDescription, to first: VariableDescription, _ stream: StageInputs.Stream
  ) throws(PlanError) -> (factor: Double, offset: Double) {
    guard variable.flags == nil, first.flags == nil else {
      let name = (variable.flags != nil ? variable : first).name
      throw PlanError(
        "`\(name)` has classes: there is no arithmetic with them", at: stream.mark, subject: name)
    }
    guard operation == .difference || operation == .sum else { return (1, 0) }
    guard let from = variable.units, let to = first.units else {
      if variable.units == first.units { return (1, 0) }
      let name = variable.units == nil ? variable.name : first.name
      throw PlanError(
        "`\(name)` has no units: a \(operation.rawValue) needs the same in both", at: stream.mark,
        subject: name, remedy: "state them at the input: `attributes: {units: ...}`")
    }
    do {
      let conversion = try UnitConversion(from: from, to: to)
      return (conversion.factor, variable.isTemperatureDifference ? 0 : conversion.offset)
    } catch {
      throw PlanError(
        "`\(variable.name)` is in \(from) and `\(first.name)` in \(to): \(error.cause)", at: stream.mark,
        subject: variable.name, remedy: "convert one of them")
    }
  }

  private func result(_ a: VariableDescription, _ b: VariableDescription) -> VariableDescription {
    var result = a
    func title(_ v: VariableDescription) -> String { v.longName ?? v.standardName ?? v.name }
    switch operation {
    case .difference:
      // A field less a correction is the field.
      if UnitText.isTemperature(a.units), !a.isTemperatureDifference, b.isTemperatureDifference { break }
      result.standardName = nil
      result.longName = "\(title(a)) minus \(title(b))"
      result.units = UnitText.difference(a.units)
      if UnitText.isTemperature(a.units) {
        result.set("units_metadata", .text("temperature: difference"))
      }
    case .sum:
      if a.isTemperatureDifference, !b.isTemperatureDifference {
        (result.standardName, result.longName) = (b.standardName, b.longName)
        result.attributes.removeAll { $0.name == "units_metadata" }
      }
    case .product, .ratio:
      let sign = operation == .product ? "times" : "divided by"
      result.standardName = nil
      result.attributes.removeAll { $0.name == "units_metadata" }
      result.longName = "\(title(a)) \(sign) \(title(b))"
      result.units = units(UnitText.difference(a.units), UnitText.difference(b.units))
    }
    result.name = arguments.text("name") ?? result.name
    result.standardName = arguments.text("standard-name") ?? result.standardName
    result.longName = arguments.text("long-name") ?? result.longName
    return result
  }

  private func units(_ a: String?, _ b: String?) -> String? {
    guard let a, let b else { return nil }
    if operation == .product { return a == "1" ? b : b == "1" ? a : "(\(a)) (\(b))" }
    return a == b ? "1" : b == "1" ? a : a == "1" ? "(\(b))-1" : "(\(a)) (\(b))-1"
  }
}

/// One field with another, cell by cell.
struct Combined: Computation {
  struct Part: Sendable {
    /// Of the second field.
    let variable: Int
    let factor: Double
    let offset: Double
  }
  let output: Description
  let operation: Combine.Operation
  let alignment: Alignment
  /// One for each variable.
  let parts: [Part]
  var label: String { operation.rawValue }

  func steps(for region: Region) -> [[Need]] {
    region.variables.map { index in
      var first = region
      first.variables = index..<index + 1
      let other = parts[index].variable
      return [Need(0, first), Need(1, alignment.region(region, variables: other..<other + 1))]
    }
  }

  func begin(_ region: Region) throws(StageError) -> any Work { CombinedWork(self, try Block.make(region)) }
}

private final class CombinedWork: Work {
  let combined: Combined
  let result: Block
  init(_ combined: Combined, _ result: Block) { (self.combined, self.result) = (combined, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard blocks.count == 2 else { throw StageError("`combine` was not given its two inputs") }
    let region = result.region
    let variable = region.variables.lowerBound + step
    let (part, alignment) = (combined.parts[variable], combined.alignment)
    let (a, b) = (blocks[0], blocks[1])
    for t in 0..<region.times.count {
      for l in 0..<region.layers.count {
        let (from, to) = (a.mapOffset(0, t, l), result.mapOffset(step, t, l))
        let other = b.mapOffset(0, alignment.repeatsTime ? 0 : t, alignment.repeatsLayers ? 0 : l)
        for i in 0..<region.mapCount {
          result.values[to + i] = .nan
          result.validity[to + i] = 0
          guard a.validity[from + i] & b.validity[other + i] != 0 else { continue }
          let x = Double(a.values[from + i])
          let y = Double(b.values[other + i]) * part.factor + part.offset
          let value: Double
          switch combined.operation {
          case .difference: value = x - y
          case .sum: value = x + y
          case .product: value = x * y
          case .ratio:
            guard y != 0 else { continue }
            value = x / y
          }
          guard Float(value).isFinite else {
            let name = combined.output.variables[variable].name
            throw StageError(
              "the \(combined.operation.rawValue) of \(x.plain) and \(y.plain) does not fit into float32",
              subject: name, remedy: "scale the fields first")
          }
          result.values[to + i] = Float(value)
          result.validity[to + i] = 1
        }
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}
