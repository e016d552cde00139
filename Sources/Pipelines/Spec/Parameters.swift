import Stages

/// `{name}` inside scalars. `{{` and `}}` are literal braces.
struct Parameters {
  var values: [(name: String, value: ConfigValue)] = []
  var faults: [PlanError] = []
  /// What `{stem}` and `{window}` stand for; nil: a marker.
  var itemName: String?
  /// Which of the two stood in the text, and where.
  private(set) var itemWords: [(name: String, mark: Mark)] = []

  /// Puts the parameters into every scalar of the tree. `{stem}` and `{window}` are left, as a
  /// marker, where `keepsStem`.
  mutating func substitute(_ value: ConfigValue, keepsStem: Bool = false) -> ConfigValue {
    switch value.content {
    case .null: return value
    case .scalar(let text, let isQuoted):
      guard text.contains("{") || text.contains("}") else { return value }
      return scalar(text, isQuoted: isQuoted, value.mark, keepsStem: keepsStem)
    case .sequence(let elements):
      return ConfigValue(.sequence(elements.map { substitute($0, keepsStem: keepsStem) }), value.mark)
    case .mapping(let entries):
      return ConfigValue(
        .mapping(
          entries.map {
            .init(key: $0.key, keyMark: $0.keyMark, value: substitute($0.value, keepsStem: keepsStem))
          }), value.mark)
    }
  }

  private mutating func scalar(_ text: String, isQuoted: Bool, _ mark: Mark, keepsStem: Bool) -> ConfigValue {
    var result = ""
    var isWholeReference: ConfigValue?
    var rest = Substring(text)
    while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      result += rest[..<brace]
      let after = rest.index(after: brace)
      if after < rest.endIndex, rest[after] == rest[brace] {
        result.append(rest[brace])
        rest = rest[rest.index(after: after)...]
        continue
      }
      guard rest[brace] == "{", let close = rest[after...].firstIndex(of: "}") else {
        faults.append(
          PlanError(
            "a brace stands alone in `\(text)`", at: mark,
            remedy: "write `{{` or `}}` for the brace itself, `{name}` for a parameter"))
        return ConfigValue(.scalar(text, isQuoted: isQuoted), mark)
      }
      let name = String(rest[after..<close])
      rest = rest[rest.index(after: close)...]
      if name == "stem" || name == "window" {
        if keepsStem {
          itemWords.append((name, mark))
        } else {
          faults.append(
            PlanError(
              "`{\(name)}` stands only in the `file` of an output and in stages", at: mark, subject: name))
        }
        result += itemName ?? PipelineSpec.FileTemplate.stem
      } else if let parameter = values.first(where: { $0.name == name })?.value {
        if result.isEmpty, rest.isEmpty, text == "{\(name)}" { isWholeReference = parameter }
        result += parameter.text ?? ""
      } else {
        faults.append(
          PlanError(
            "`{\(name)}` is no parameter", at: mark, subject: name,
            remedy: suggestion(name, in: values.map(\.name), what: "declared")
              ?? "declare it under `parameters:`, or write `{{\(name)}}` for the text"))
      }
    }
    result += rest
    // "{year}" alone is the parameter itself: a number stays a number.
    if let whole = isWholeReference { return ConfigValue(whole.content, mark) }
    return ConfigValue(.scalar(result, isQuoted: isQuoted), mark)
  }
}
