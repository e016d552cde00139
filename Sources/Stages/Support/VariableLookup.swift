import GridFiles
import Grids

extension Description {
  /// The variable of that name; failing that, the only one with that CF standard name.
  package func variableIndex(_ name: String) -> Int? {
    if let index = variables.firstIndex(where: { $0.name == name }) { return index }
    let matches = variables.indices.filter { variables[$0].standardName == name }
    return matches.count == 1 ? matches.first : nil
  }

  /// "tas (air_temperature), pr" for messages.
  package var variableList: String {
    variables.map { variable in
      guard let standard = variable.standardName, standard != variable.name else { return variable.name }
      return "\(variable.name) (\(standard))"
    }.joined(separator: ", ")
  }
}

extension StageInputs.Stream {
  /// The variable that the YAML names, by its name or its CF standard name.
  func variable(_ value: ConfigValue) throws(PlanError) -> Int {
    guard let text = value.text, !text.isEmpty else {
      throw PlanError("expected the name of a variable, found \(value.kindName)", at: value.mark)
    }
    return try variable(text, at: value.mark)
  }

  func variable(_ text: String, at mark: Mark) throws(PlanError) -> Int {
    if let index = description.variableIndex(text) { return index }
    let variables = description.variables
    let sharing = variables.filter { $0.standardName == text }.map(\.name)
    if sharing.count > 1 {
      throw PlanError(
        "several variables of `\(name)` have the standard name \(text)", at: mark, subject: text,
        remedy: "choose one by its name: \(sharing.joined(separator: ", "))")
    }
    let known = variables.map(\.name) + variables.compactMap(\.standardName)
    let hint = Suggestion.nearest(to: text, among: known).map { "did you mean `\($0)`? " } ?? ""
    throw PlanError(
      "`\(name)` has no variable `\(text)`", at: mark, subject: text,
      remedy: hint + "it has \(description.variableList)")
  }

  /// The variables that a key lists; all of them when the key is absent.
  func variables(_ list: [ConfigValue]?) throws(PlanError) -> [Int] {
    guard let list else { return Array(description.variables.indices) }
    var result: [Int] = []
    for value in list {
      let index = try variable(value)
      guard !result.contains(index) else {
        throw PlanError(
          "the variable `\(description.variables[index].name)` is named twice", at: value.mark,
          subject: description.variables[index].name)
      }
      result.append(index)
    }
    return result
  }
}

extension VariableDescription {
  /// Sets an attribute; one of the same name goes.
  mutating func set(_ name: String, _ value: Attribute.Value) {
    attributes.removeAll { $0.name == name }
    attributes.append(Attribute(name, value))
  }

  /// True for a difference of temperatures, which has no zero to move (CF 1.11, 3.1.2).
  var isTemperatureDifference: Bool { attributes["units_metadata"]?.text == "temperature: difference" }
}

extension Block {
  /// A block whose values are not set.
  static func make(_ region: Region) throws(StageError) -> Block {
    do { return try Block(uninitialized: region) } catch { throw StageError("\(error)") }
  }
}

extension Double {
  /// For messages: no needless `.0`.
  package var plain: String {
    if let whole = Int(exactly: self), whole.magnitude < 1_000_000_000 { return String(whole) }
    return String(self)
  }
}
