import GridFiles
import Grids
import Stages

/// The stages of a pipeline, and the names that they give and use.
extension SpecDecoder {
  mutating func decodeStages(_ value: ConfigValue) -> [PipelineSpec.Step] {
    if case .null = value.content { return [] }
    guard case .sequence(let elements) = value.content else {
      fault(
        "`stages` must be a list, found \(value.found)", at: value.mark, remedy: "begin each stage with `- `")
      return []
    }
    for element in elements {
      guard case .mapping(let entries) = element.content, let first = entries.first else { continue }
      if let result = first.value["as"], let name = result.text, later[name] == nil {
        later[name] = result.mark
      }
    }
    var steps: [PipelineSpec.Step] = []
    for (index, element) in elements.enumerated() {
      if let step = decodeStage(element, index) { steps.append(step) }
    }
    return steps
  }

  /// True when a stage makes something itself, also one that has faults.
  func hasEffect(_ stages: ConfigValue) -> Bool {
    let effective = Set(allStages.map { $0.declaration }.filter(\.hasEffect).map(\.name))
    guard case .sequence(let elements) = stages.content else { return false }
    return elements.contains { element in
      switch element.content {
      case .scalar(let name, _): effective.contains(name)
      case .mapping(let entries): entries.contains { effective.contains($0.key) }
      default: false
      }
    }
  }

  private mutating func decodeStage(_ element: ConfigValue, _ index: Int) -> PipelineSpec.Step? {
    let name: String
    var mark = element.mark
    var entries: [ConfigValue.Entry] = []
    switch element.content {
    case .scalar(let text, _): name = text
    case .mapping(let outer):
      guard let first = outer.first, outer.count == 1 else {
        fault(
          "a stage is one key with its own keys under it, found \(outer.count) keys: "
            + outer.map(\.key).joined(separator: ", "), at: outer.dropFirst().first?.keyMark ?? element.mark,
          remedy: "`- regrid: {to: relief, method: bilinear}`, or indent the keys below it")
        return nil
      }
      name = first.key
      mark = first.keyMark
      switch first.value.content {
      case .mapping(let inner): entries = inner
      case .null: break
      default:
        fault("`\(name)` needs its keys as a mapping, found \(first.value.found)", at: first.value.mark)
        return nil
      }
    default:
      fault("a stage must be a mapping, found \(element.found)", at: element.mark)
      return nil
    }
    guard let type = allStages.first(where: { $0.declaration.name == name }) else {
      fault(
        "there is no stage `\(name)`", at: mark, subject: nil,
        remedy: suggestion(name, in: allStages.map { $0.declaration.name }, what: "stages"))
      define(entries.first { $0.key == "as" }, index)
      return nil
    }
    let before = faults.count
    let keys = type.declaration.keys
    let check = KeyCheck(knownStreams: Set(known.map(\.name)))
    // `input` may be left out where the stage above, or the only input, can be meant.
    let required = keys.map { key -> Key in
      guard key.isChained else { return key }
      return Key(key.name, key.kind, default: key.defaultText, key.summary)
    }
    faults += check.faults(entries, required, extra: ["as"], of: "`\(name)`", at: mark)
    var streams: [String: [PipelineSpec.Reference]] = [:]
    for key in keys {
      if let entry = entries.first(where: { $0.key == key.name }) {
        let references = check.streams(entry.value, key.kind).compactMap { resolve($0) }
        if !references.isEmpty { streams[key.name] = references }
      } else if key.isChained {
        if let reference = implied(at: mark, for: "`\(name)`") { streams["input"] = [reference] }
      }
    }
    let result = define(entries.first { $0.key == "as" }, index)
    guard faults.count == before else { return nil }
    let arguments = Arguments(
      stage: name, mark: mark,
      values: Dictionary(
        entries.filter { $0.key != "as" }.map { ($0.key, $0.value) }, uniquingKeysWith: { old, _ in old }),
      folder: folder)
    switch Self.make(type, arguments) {
    case .success(let stage):
      return .init(index: index, stage: stage, name: name, mark: mark, result: result, streams: streams)
    case .failure(let error):
      faults.append(
        PlanError(error.cause, at: error.mark ?? mark, subject: error.subject, remedy: error.remedy))
      return nil
    }
  }

  // Generic, because the compiler crashes on a typed throw of an initialiser called through `any Stage.Type`.
  private static func make<S: Stage>(_ type: S.Type, _ arguments: Arguments) -> Result<any Stage, PlanError> {
    do throws(PlanError) {
      return .success(try S(arguments))
    } catch {
      return .failure(error)
    }
  }

  /// Makes the result of the stage known under its name; without one, only as "the stage above".
  @discardableResult
  private mutating func define(_ entry: ConfigValue.Entry?, _ index: Int) -> String? {
    guard let entry else {
      known.append(("", .stage(index)))
      return nil
    }
    guard let name = entry.value.text, !name.isEmpty else {
      fault("`as` must be a name, found \(entry.value.found)", at: entry.value.mark)
      known.append(("", .stage(index)))
      return nil
    }
    if known.contains(where: { $0.name == name }) {
      fault("the name `\(name)` is given twice", at: entry.value.mark, remedy: "choose another name for `as`")
    }
    known.append((name, .stage(index)))
    return name
  }

  mutating func implied(at mark: Mark, for what: String) -> PipelineSpec.Reference? {
    if let last = known.last, case .stage = last.target {
      return .init(name: last.name.isEmpty ? "the stage above" : last.name, target: last.target, mark: mark)
    }
    if known.count == 1, let only = known.first {
      return .init(name: only.name, target: only.target, mark: mark)
    }
    let moving = known.filter { item in
      guard case .input(let index) = item.target, inputs.indices.contains(index) else { return true }
      return !inputs[index].isStatic
    }
    if moving.count == 1, let only = moving.first {
      return .init(name: only.name, target: only.target, mark: mark)
    }
    fault(
      "\(what) does not say which input it takes", at: mark,
      remedy: "add `input:` with one of " + known.map(\.name).joined(separator: ", "))
    return nil
  }

  mutating func resolve(_ value: ConfigValue) -> PipelineSpec.Reference? {
    guard let name = value.text, !name.isEmpty else { return nil }
    if let found = known.first(where: { $0.name == name }) {
      return .init(name: name, target: found.target, mark: value.mark)
    }
    if let place = later[name] {
      fault(
        "`\(name)` is made at \(place), here or further down: a cycle", at: value.mark, subject: nil,
        remedy: "a name means an input or the result of a stage above; move the stage up")
      return nil
    }
    fault(
      "nothing above is called `\(name)`", at: value.mark, subject: nil,
      remedy: suggestion(name, in: known.map(\.name).filter { !$0.isEmpty }, what: "known here"))
    return nil
  }
}

extension Key {
  /// The key that may be left out in a chain.
  fileprivate var isChained: Bool {
    if case .stream = kind { name == "input" } else { false }
  }
}
