import GridFiles
import Grids
import Stages

/// Decodes a pipeline strictly: what is not known is a fault, and all faults are found in one go.
struct SpecDecoder {
  var faults: [PlanError]
  private let path: String
  let folder: String
  private let text: [UInt8]
  var parameters = Parameters()
  var inputs: [PipelineSpec.Input] = []
  /// Names that can be used so far, and what they are.
  var known: [(name: String, target: PipelineSpec.Reference.Target)] = []
  /// Names that stages give further down: where.
  var later: [String: Mark] = [:]

  static let topKeys: [Key] = [
    Key("name", .text, required: true, "what the pipeline is called"),
    Key("description", .text, "what it is for"),
    Key("parameters", .dictionary(.text), "names and defaults; `--set name=value` overrides"),
    Key("inputs", .dictionary(.mapping(inputKeys)), required: true, "the files that are read"),
    Key("stages", .list(.dictionary(.text)), "what is done, in order"),
    Key(
      "outputs", .list(.mapping(outputKeys)),
      "the files that are written; may be left out beside a stage that makes something itself (train, evaluate)"
    ),
    Key("metadata", .dictionary(.text), "global attributes of every output"),
    Key("on-error", .choice(["stop", "skip"]), default: "stop", "what a failed item does to the others"),
    Key(
      "windows", .mapping(WindowSpec.keys),
      "stretches of time, each with outputs of its own named by `{window}`"),
    Key("schedule", .mapping(ScheduleSpec.keys), "how it is run again and again (`run --new-only`)"),
  ]
  /// What says nothing of the outputs' content.
  private static let outsideOfPlan: Set = ["description", "parameters", "on-error", "schedule"]
  static let inputKeys: [Key] = [
    Key("files", .list(.text), required: true, "a path, a pattern with * ? [a-z], or a list of those"),
    Key("variable", .text, "its name, its path /group/name, or its CF standard name"),
    Key("variables", .list(.text), "several of them, on one grid"),
    Key("static", .boolean, default: "false", "without time: a time axis of length 1 is dropped"),
    Key(
      "dimensions", .either([.list(.text), .dictionary(.list(.text))]),
      "names for dimensions that the file does not name"),
    Key("attributes", .dictionary(.text), "attributes in place of those of the file"),
    Key(
      "coordinates", .dictionary(.text), "dimension, latitude, longitude or time: the variable that holds it"),
    Key("grid", .mapping(InputGrid.keys), "where the cells lie, for a file that does not say it"),
    Key(
      "external", .list(.text),
      "folders from which HDF5 external storage and external links to datasets may be read"),
  ]
  static let outputKeys: [Key] = [
    Key("input", .stream, "the result to write; the last one when it is left out"),
    Key(
      "file", .text, required: true,
      "its path; `{stem}` makes one output for each input file, `{window}` for each stretch of time"),
    Key("compression", .integer, default: "4", "deflate level 1 to 9, 0 for none"),
    Key(
      "form", .choice(PipelineSpec.Output.Form.allCases.map(\.rawValue)),
      default: "list for .csv, .geojson, .txt and for tracks, else grid",
      "of what finds objects: the field, or the list of the objects"),
  ]

  init(path: String, folder: String, text: [UInt8], duplicates: [PlanError]) {
    (self.path, self.folder, self.text, faults) = (path, folder, text, duplicates)
  }

  /// - Parameters:
  ///   - settings: `--set`, in the order given.
  ///   - item: what `{stem}` and `{window}` stand for; nil: they are left open.
  mutating func decode(
    _ root: ConfigValue, settings: [(name: String, value: String)], item: String? = nil
  ) -> PipelineSpec? {
    parameters.itemName = item
    guard case .mapping(let raw) = root.content else {
      fault("a pipeline is a mapping with the keys name, inputs, stages, outputs", at: root.mark)
      return nil
    }
    decodeParameters(raw.first { $0.key == "parameters" }, settings)
    let entries = raw.map { entry in
      entry.key == "parameters"
        ? entry
        : ConfigValue.Entry(
          key: entry.key, keyMark: entry.keyMark,
          value: entry.key == "outputs"
            ? substituteOutputs(entry.value)
            : parameters.substitute(entry.value, keepsStem: entry.key == "stages"))
    }
    faults += parameters.faults
    for entry in entries where !Self.topKeys.contains(where: { $0.name == entry.key }) {
      fault(
        "a pipeline has no key `\(entry.key)`", at: entry.keyMark,
        remedy: suggestion(entry.key, in: Self.topKeys.map(\.name), what: "its keys"))
    }
    for key in Self.topKeys where key.isRequired && !entries.contains(where: { $0.key == key.name }) {
      fault(
        "the pipeline needs the key `\(key.name)`", at: root.mark, remedy: "add `\(key.name)`: \(key.summary)"
      )
    }
    func value(_ key: String) -> ConfigValue? { entries.first { $0.key == key }?.value }

    let name = text("name", value("name"))
    let summary = text("description", value("description"))
    let skips = value("on-error").map { choice("on-error", $0, ["stop", "skip"]) == "skip" } ?? false
    let metadata = value("metadata").map { decodeMetadata($0) } ?? []
    if let value = value("inputs") { decodeInputs(value) }
    let steps = value("stages").map { decodeStages($0) } ?? []
    let hasEffect = value("stages").map { self.hasEffect($0) } ?? false
    let outputs = value("outputs").map { decodeOutputs($0, mayBeEmpty: hasEffect) } ?? []
    if value("outputs") == nil, !hasEffect {
      fault(
        "the pipeline needs the key `outputs`", at: root.mark,
        remedy: "add `outputs`: the files that are written")
    }
    let schedule = value("schedule").map { decodeSchedule($0) } ?? ScheduleSpec()
    let windows = value("windows").flatMap { decodeWindows($0) }
    checkItemWords(windows, hasWindows: value("windows") != nil)
    if item == nil, !parameters.itemWords.isEmpty, !outputs.contains(where: \.file.hasStem),
      let bare = outputs.first
    {
      fault(
        "a stage has `\(parameters.itemWords[0].name)` in its keys, this output has not: every item would write the same file",
        at: bare.fileMark, remedy: "put `{\(parameters.itemWords[0].name)}` into its name")
    }
    var itemStages: Set<Int> = []
    if case .sequence(let elements)? = raw.first(where: { $0.key == "stages" })?.value.content {
      itemStages = Set(elements.indices.filter { elements[$0].namesItem })
    }
    let sorted = faults.sorted {
      ($0.mark?.line ?? 0, $0.mark?.column ?? 0) < ($1.mark?.line ?? 0, $1.mark?.column ?? 0)
    }
    let plan = entries.filter { !Self.outsideOfPlan.contains($0.key) }.map { entry in
      entry.key == "windows" ? Self.plannedPart(entry) : entry
    }
    var spec = PipelineSpec(
      path: path, folder: folder, text: text, name: name ?? "", summary: summary,
      parameters: parameters.values.map { ($0.name, $0.value.text ?? "") }, inputs: inputs, stages: steps,
      outputs: outputs, metadata: metadata, skipsFailedItems: skips,
      faults: sorted.map { Fault($0, pipeline: path) })
    spec.plan = ConfigValue(.mapping(plan), root.mark).canonical
    (spec.schedule, spec.windows, spec.settings, spec.itemStages) = (schedule, windows, settings, itemStages)
    return spec
  }

  /// When a window is made says nothing of what it holds.
  private static func plannedPart(_ entry: ConfigValue.Entry) -> ConfigValue.Entry {
    guard case .mapping(let entries) = entry.value.content else { return entry }
    let kept = entries.filter { $0.key != "steps" && $0.key != "watermark" }
    return .init(
      key: entry.key, keyMark: entry.keyMark, value: ConfigValue(.mapping(kept), entry.value.mark))
  }

  /// `{window}` with `windows` and `{stem}` without.
  private mutating func checkItemWords(_ windows: WindowSpec?, hasWindows: Bool) {
    let wanted = hasWindows ? "window" : "stem"
    if let other = parameters.itemWords.first(where: { $0.name != wanted }) {
      fault(
        hasWindows
          ? "the items are `windows`: their name is `{window}`"
          : "`{window}` needs the key `windows`, which says how long one is", at: other.mark,
        subject: other.name, remedy: hasWindows ? nil : "`windows: {length: day}`")
    } else if let windows, parameters.itemWords.isEmpty {
      fault("each window would write the same file", at: windows.mark, remedy: "put `{window}` into its name")
    }
  }

  mutating func fault(_ cause: String, at mark: Mark, subject: String? = nil, remedy: String? = nil) {
    faults.append(PlanError(cause, at: mark, subject: subject, remedy: remedy))
  }

  mutating func text(_ key: String, _ value: ConfigValue?) -> String? {
    guard let value else { return nil }
    guard let text = value.text, !text.isEmpty else {
      fault("`\(key)` must be text, found \(value.found)", at: value.mark)
      return nil
    }
    return text
  }

  mutating func choice(_ key: String, _ value: ConfigValue, _ choices: [String]) -> String? {
    let wrong = KeyCheck(knownStreams: []).faults(value, .choice(choices), key: key)
    faults += wrong
    return wrong.isEmpty ? value.text : nil
  }

  // MARK: parameters, metadata

  private mutating func decodeParameters(
    _ entry: ConfigValue.Entry?, _ settings: [(name: String, value: String)]
  ) {
    if let entry {
      guard case .mapping(let entries) = entry.value.content else {
        fault(
          "`parameters` must be a mapping from names to values, found \(entry.value.found)",
          at: entry.value.mark)
        return
      }
      for entry in entries {
        guard entry.value.text != nil else {
          fault(
            "the parameter `\(entry.key)` must be a single value, found \(entry.value.found)",
            at: entry.value.mark)
          continue
        }
        guard entry.key != "stem", entry.key != "window", !entry.key.contains(where: { "{}\0".contains($0) }),
          !entry.key.isEmpty
        else {
          fault("a parameter cannot be called `\(entry.key)`", at: entry.keyMark)
          continue
        }
        parameters.values.append((entry.key, entry.value))
      }
    }
    for (name, value) in settings {
      guard let index = parameters.values.firstIndex(where: { $0.name == name }) else {
        fault(
          "--set \(name): the pipeline declares no parameter `\(name)`",
          at: entry?.keyMark ?? Mark(line: 1, column: 1),
          remedy: suggestion(name, in: parameters.values.map(\.name), what: "declared"))
        continue
      }
      let old = parameters.values[index].value
      guard case .scalar(_, let isQuoted) = old.content else { continue }
      if old.number != nil, ConfigValue(.scalar(value, isQuoted: false), old.mark).number == nil {
        fault("--set \(name)=\(value): the parameter is a number", at: old.mark)
        continue
      }
      parameters.values[index].value = ConfigValue(.scalar(value, isQuoted: isQuoted), old.mark)
    }
  }

  /// The outputs with their parameters put in: only `file` keeps `{stem}`.
  private mutating func substituteOutputs(_ value: ConfigValue) -> ConfigValue {
    guard case .sequence(let elements) = value.content else { return parameters.substitute(value) }
    let replaced = elements.map { element in
      guard case .mapping(let entries) = element.content else { return parameters.substitute(element) }
      return ConfigValue(
        .mapping(
          entries.map {
            .init(
              key: $0.key, keyMark: $0.keyMark,
              value: parameters.substitute($0.value, keepsStem: $0.key == "file"))
          }), element.mark)
    }
    return ConfigValue(.sequence(replaced), value.mark)
  }

  private mutating func decodeMetadata(_ value: ConfigValue) -> [Attribute] {
    guard case .mapping(let entries) = value.content else {
      fault("`metadata` must be a mapping from attribute names to text, found \(value.found)", at: value.mark)
      return []
    }
    var attributes: [Attribute] = []
    for entry in entries {
      guard let text = entry.value.text else {
        fault("`\(entry.key)` must be text, found \(entry.value.found)", at: entry.value.mark)
        continue
      }
      let isName =
        (entry.key.first.map { $0.isASCII && ($0.isLetter || $0 == "_") } ?? false)
        && entry.key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-+@".contains($0)) }
      guard isName, entry.key.utf8.count <= 256 else {
        fault("`\(entry.key)` cannot be the name of an attribute", at: entry.keyMark)
        continue
      }
      guard !["Conventions", "history", "_NCProperties"].contains(entry.key) else {
        fault("`\(entry.key)` is written by the program itself", at: entry.keyMark, remedy: "remove it")
        continue
      }
      attributes.append(Attribute(entry.key, text))
    }
    return attributes
  }

  // MARK: outputs

  private mutating func decodeOutputs(_ value: ConfigValue, mayBeEmpty: Bool) -> [PipelineSpec.Output] {
    switch value.content {
    case .null where mayBeEmpty: return []
    case .sequence(let elements) where mayBeEmpty && elements.isEmpty: return []
    default: break
    }
    guard case .sequence(let elements) = value.content, !elements.isEmpty else {
      fault(
        "`outputs` must be a list, found \(value.found)", at: value.mark,
        remedy: "begin each output with `- `")
      return []
    }
    later = [:]
    var outputs: [PipelineSpec.Output] = []
    for element in elements {
      guard case .mapping(let entries) = element.content else {
        fault("an output must be a mapping, found \(element.found)", at: element.mark)
        continue
      }
      let wrong = KeyCheck(knownStreams: []).faults(
        entries, Self.outputKeys, of: "an output", at: element.mark)
      faults += wrong
      let reference =
        element["input"].map { resolve($0) } ?? implied(at: element.mark, for: "the output")
      guard wrong.isEmpty, let file = element["file"], let path = file.text else { continue }
      let level = element["compression"]?.integer ?? 4
      guard (0...9).contains(level) else {
        fault(
          "`compression` goes from 0 to 9, found \(level)", at: element["compression"]?.mark ?? element.mark)
        continue
      }
      guard let reference else { continue }
      if let reason = badPath(path) {
        fault("`file` \(reason)", at: file.mark)
        continue
      }
      outputs.append(
        .init(
          mark: element.mark, input: reference, file: .init(text: path), fileMark: file.mark,
          deflate: level == 0 ? nil : level,
          form: element["form"]?.text.flatMap(PipelineSpec.Output.Form.init)))
    }
    let stems = parameters.itemName == nil ? outputs.filter { $0.file.hasStem } : []
    if !stems.isEmpty, stems.count < outputs.count, let bare = outputs.first(where: { !$0.file.hasStem }) {
      fault(
        "this output has no `{stem}` or `{window}` while another has: every item would write the same file",
        at: bare.fileMark, remedy: "put it into its name")
    }
    if !stems.isEmpty, !inputs.isEmpty, inputs.allSatisfy(\.isStatic) {
      fault("`{stem}` needs an input that is not static", at: stems[0].fileMark)
    }
    return outputs
  }

  private func badPath(_ path: String) -> String? {
    if path.contains("://") { return "must be a path, not a URL: `\(path)`" }
    if path.hasSuffix("/") { return "must name a file, not a folder: `\(path)`" }
    return nil
  }
}
