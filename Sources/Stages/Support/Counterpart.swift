import Grids

/// The variable of a stream that stands for another one, and what makes its values ones of the other's units.
struct Counterpart: Sendable {
  let index: Int
  let factor: Double
  let offset: Double

  /// By name, by standard name, or as the only one.
  init(
    of variable: VariableDescription, in stream: StageInputs.Stream, role: String
  ) throws(PlanError) {
    let candidates = stream.description.variables
    var index = candidates.firstIndex { $0.name == variable.name }
    if index == nil, let name = variable.standardName { index = stream.description.variableIndex(name) }
    if index == nil, candidates.count == 1 { index = 0 }
    guard let index else {
      throw PlanError(
        "`\(stream.name)` has no variable `\(variable.name)`", at: stream.mark, subject: variable.name,
        remedy: "it has \(stream.description.variableList); rename or select one")
    }
    guard variable.flags == nil, candidates[index].flags == nil else {
      throw PlanError(
        "`\(variable.name)` has classes: \(role)", at: stream.mark, subject: variable.name)
    }
    self.index = index
    guard let from = candidates[index].units, let to = variable.units, from != to else {
      (factor, offset) = (1, 0)
      return
    }
    do {
      let conversion = try UnitConversion(from: from, to: to)
      (factor, offset) = (conversion.factor, conversion.offset)
    } catch {
      throw PlanError(
        "`\(candidates[index].name)` of `\(stream.name)` is in \(from), the input in \(to)", at: stream.mark,
        subject: variable.name, remedy: error.remedy ?? "convert it")
    }
  }
}
