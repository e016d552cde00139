import GridFiles
import Grids
import Stages

/// The inputs of a pipeline: files, variables, and what is said in place of the files.
extension SpecDecoder {
  mutating func decodeInputs(_ value: ConfigValue) {
    guard case .mapping(let entries) = value.content, !entries.isEmpty else {
      fault("`inputs` must be a mapping from names to inputs, found \(value.found)", at: value.mark)
      return
    }
    for entry in entries {
      known.append((entry.key, .input(-1)))
      guard case .mapping(let keys) = entry.value.content else {
        fault(
          "the input `\(entry.key)` must be a mapping, found \(entry.value.found)", at: entry.value.mark,
          remedy: "`\(entry.key): {files: data/x.nc, variable: tas}`")
        continue
      }
      let wrong = KeyCheck(knownStreams: []).faults(
        keys.map { $0.key == "attributes" ? attributesStandIn($0) : $0 }, Self.inputKeys,
        of: "the input `\(entry.key)`", at: entry.keyMark)
      faults += wrong
      if keys.contains(where: { $0.key == "variable" }),
        let both = keys.first(where: { $0.key == "variables" })
      {
        fault(
          "`variable` and `variables` cannot stand together", at: both.keyMark, remedy: "keep one of them")
      }
      guard wrong.isEmpty else { continue }
      known[known.count - 1].target = .input(inputs.count)
      let input = entry.value
      func places(_ key: String) -> [PipelineSpec.Place] {
        input[key]?.list?.compactMap { value in value.text.map { .init(text: $0, mark: value.mark) } } ?? []
      }
      var hints = DatasetHints()
      let variables = places("variable") + places("variables")
      hints.variables = variables.map(\.text)
      hints.dimensions = dimensions(input["dimensions"])
      if let value = input["attributes"] { hints.attributes = attributes(value) }
      if case .mapping(let entries)? = input["coordinates"]?.content {
        for entry in entries { hints.coordinates[entry.key] = entry.value.text }
      }
      inputs.append(
        .init(
          name: entry.key, mark: entry.keyMark, files: places("files"), variables: variables,
          isStatic: input["static"]?.boolean ?? false, hints: hints,
          externalFolders: places("external").map(\.text), grid: input["grid"].flatMap { decodeGrid($0) }))
    }
  }

  private mutating func decodeGrid(_ value: ConfigValue) -> InputGrid? {
    do throws(PlanError) {
      return try InputGrid(value)
    } catch {
      faults.append(error)
      return nil
    }
  }

  private func dimensions(_ value: ConfigValue?) -> [String: [String]] {
    switch value?.content {
    case .sequence(let elements): return ["*": elements.compactMap(\.text)]
    case .scalar(let text, _): return ["*": [text]]
    case .mapping(let entries):
      return Dictionary(
        entries.map { ($0.key, $0.value.list?.compactMap(\.text) ?? []) }, uniquingKeysWith: { old, _ in old }
      )
    case .null, nil: return [:]
    }
  }

  /// `attributes` is checked by its own rules, so the general check sees a fitting value in its place.
  private mutating func attributesStandIn(_ entry: ConfigValue.Entry) -> ConfigValue.Entry {
    guard case .mapping(let entries) = entry.value.content, !entries.isEmpty else { return entry }
    let stand = ConfigValue(.scalar("-", isQuoted: true), entry.value.mark)
    return .init(
      key: entry.key, keyMark: entry.keyMark,
      value: ConfigValue(
        .mapping(entries.map { .init(key: $0.key, keyMark: $0.keyMark, value: stand) }), entry.value.mark))
  }

  /// `{units: mm}` is for every wanted variable, `{lat: {units: degrees_north}}` for one.
  private mutating func attributes(_ value: ConfigValue) -> [String: [Attribute]] {
    guard case .mapping(let entries) = value.content else { return [:] }
    var result: [String: [Attribute]] = [:]
    for entry in entries {
      if case .mapping(let inner) = entry.value.content {
        result[entry.key, default: []] += inner.compactMap { attribute($0) }
      } else if let attribute = attribute(entry) {
        result["*", default: []].append(attribute)
      }
    }
    return result
  }

  private mutating func attribute(_ entry: ConfigValue.Entry) -> Attribute? {
    if let number = entry.value.number { return Attribute(entry.key, .float64([number])) }
    if let text = entry.value.text { return Attribute(entry.key, text) }
    if let list = entry.value.list, !list.isEmpty {
      let numbers = list.compactMap(\.number)
      if numbers.count == list.count { return Attribute(entry.key, .float64(numbers)) }
    }
    fault(
      "`\(entry.key)` must be text, a number or a list of numbers, found \(entry.value.found)",
      at: entry.value.mark)
    return nil
  }
}
