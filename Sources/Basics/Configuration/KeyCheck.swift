/// Checks values against the kinds that a declaration states.
package struct KeyCheck {
  /// All streams that a name may mean here.
  package let knownStreams: Set<String>

  package init(knownStreams: Set<String>) { self.knownStreams = knownStreams }

  /// The faults of a mapping against its keys; `extra` keys are allowed beside the declared ones.
  package func faults(
    _ entries: [ConfigValue.Entry], _ keys: [Key], extra: [String] = [], of what: String, at mark: Mark
  ) -> [PlanError] {
    var faults: [PlanError] = []
    let names = keys.map(\.name) + extra
    for entry in entries where !extra.contains(entry.key) {
      guard let key = keys.first(where: { $0.name == entry.key }) else {
        faults.append(
          PlanError(
            "\(what) has no key `\(entry.key)`", at: entry.keyMark, subject: nil,
            remedy: suggestion(entry.key, in: names, what: "its keys")))
        continue
      }
      faults += self.faults(entry.value, key.kind, key: entry.key)
    }
    for key in keys where key.isRequired && !entries.contains(where: { $0.key == key.name }) {
      faults.append(
        PlanError(
          "\(what) needs the key `\(key.name)`", at: mark, remedy: "add `\(key.name): ...` (\(key.summary))"))
    }
    return faults
  }

  /// The faults of one value.
  package func faults(_ value: ConfigValue, _ kind: Key.Kind, key: String) -> [PlanError] {
    func wrong(_ remedy: String? = nil) -> [PlanError] {
      [
        PlanError(
          "`\(key)` must be \(kind.phrase), found \(value.found)", at: value.mark, remedy: remedy)
      ]
    }
    switch kind {
    case .text:
      guard let text = value.text, !text.isEmpty else { return wrong() }
    case .stream: guard let text = value.text, !text.isEmpty else { return wrong() }
    case .number: guard value.number != nil else { return wrong() }
    case .integer: guard value.integer != nil else { return wrong() }
    case .boolean: guard value.boolean != nil else { return wrong() }
    case .choice(let choices):
      guard let text = value.text else { return wrong() }
      guard choices.contains(text) else {
        return wrong(nearest(text, in: choices).map { "did you mean `\($0)`?" })
      }
    case .streams:
      guard let list = value.list, !list.isEmpty else { return wrong() }
      return list.flatMap { faults($0, .stream, key: key) }
    case .list(let element):
      guard let list = value.list, !list.isEmpty else { return wrong() }
      return list.flatMap { faults($0, element, key: key) }
    case .mapping(let keys):
      guard case .mapping(let entries) = value.content else { return wrong() }
      return faults(entries, keys, of: "`\(key)`", at: value.mark)
    case .dictionary(let element):
      guard case .mapping(let entries) = value.content, !entries.isEmpty else { return wrong() }
      return entries.flatMap { faults($0.value, element, key: $0.key) }
    case .either(let kinds):
      let all = kinds.map { faults(value, $0, key: key) }
      if all.contains(where: \.isEmpty) { return [] }
      // The form that has the same shape is the one that was meant.
      let alike = kinds.indices.filter { kinds[$0].hasShape(of: value) }
      if alike.count == 1 { return all[alike[0]] }
      return wrong()
    case .other: break
    }
    return []
  }

  /// Which streams the value of a key names, when the key is of a kind that names streams.
  package func streams(_ value: ConfigValue, _ kind: Key.Kind) -> [ConfigValue] {
    switch kind {
    case .stream: return value.text == nil ? [] : [value]
    case .streams: return value.list?.filter { $0.text != nil } ?? []
    case .dictionary(.stream):
      guard case .mapping(let entries) = value.content else { return [] }
      return entries.map(\.value).filter { $0.text != nil }
    case .either(let kinds):
      guard kinds.contains(where: \.namesStreams) else { return [] }
      if let text = value.text, !knownStreams.contains(text),
        kinds.contains(where: { !$0.namesStreams && faults(value, $0, key: "").isEmpty })
      {
        return []
      }
      return kinds.lazy.map { streams(value, $0) }.first { !$0.isEmpty } ?? []
    default: return []
    }
  }
}

extension Key.Kind {
  package var namesStreams: Bool {
    switch self {
    case .stream, .streams, .dictionary(.stream): true
    case .either(let kinds): kinds.contains(where: \.namesStreams)
    default: false
    }
  }

  func hasShape(of value: ConfigValue) -> Bool {
    switch (self, value.content) {
    case (.mapping, .mapping), (.dictionary, .mapping): true
    case (.list, .sequence), (.streams, .sequence): true
    case (.text, .scalar), (.number, .scalar), (.integer, .scalar), (.boolean, .scalar), (.choice, .scalar),
      (.stream, .scalar):
      true
    case (.either(let kinds), _): kinds.contains { $0.hasShape(of: value) }
    default: false
    }
  }

  /// What a value of the kind is called in messages and help.
  public var phrase: String {
    switch self {
    case .text: "text"
    case .number: "a number"
    case .integer: "a whole number"
    case .boolean: "true or false"
    case .choice(let choices): "one of " + choices.joined(separator: ", ")
    case .stream: "the name of an input or of an earlier result"
    case .streams: "a list of names of inputs or earlier results"
    case .list(let element): "a list, each \(element.phrase)"
    case .mapping(let keys): "a mapping with the keys " + keys.map(\.name).joined(separator: ", ")
    case .dictionary(let element): "a mapping from names to values, each \(element.phrase)"
    case .either(let kinds): kinds.map(\.phrase).joined(separator: ", or ")
    case .other(let phrase): phrase
    }
  }
}

extension ConfigValue {
  /// What stands there, for messages.
  package var found: String {
    switch content {
    case .scalar(let text, let isQuoted):
      let short = text.count > 40 ? text.prefix(40) + "..." : text
      return isQuoted ? "\"\(short)\"" : "`\(short)`"
    default: return kindName
    }
  }
}
