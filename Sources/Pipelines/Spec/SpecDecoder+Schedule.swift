import GridFiles
import Stages

/// How a pipeline is run again and again, and the stretches of time that it is cut into.
extension SpecDecoder {
  mutating func decodeSchedule(_ value: ConfigValue) -> ScheduleSpec {
    var schedule = ScheduleSpec()
    guard let value = checked(value, ScheduleSpec.keys, of: "`schedule`") else { return schedule }
    if let order = value["order"]?.text.flatMap(ScheduleSpec.Order.init) { schedule.order = order }
    schedule.limit = count(value, "limit", from: 1) ?? schedule.limit
    schedule.settle = seconds(value, "settle") ?? schedule.settle
    schedule.retries = count(value, "retries", from: 0) ?? schedule.retries
    schedule.backoff = seconds(value, "backoff") ?? schedule.backoff
    schedule.hookLimit = seconds(value, "hook-limit") ?? schedule.hookLimit
    func place(_ key: String) -> PipelineSpec.Place? {
      value[key].flatMap { entry in entry.text.map { .init(text: $0, mark: entry.mark) } }
    }
    (schedule.state, schedule.metrics) = (place("state"), place("metrics"))
    if let metrics = schedule.metrics, !metrics.text.hasSuffix(".prom") {
      fault(
        "`metrics` must end in `.prom`: the collector reads no other files, found `\(metrics.text)`",
        at: metrics.mark)
    }
    for event in ScheduleSpec.Hook.Event.allCases {
      guard let entry = value[event.rawValue] else { continue }
      let words = entry.list?.compactMap(\.text) ?? []
      if case .scalar(let text, _) = entry.content, text.contains(where: \.isWhitespace) {
        fault(
          "`\(event.rawValue)` is a program and its arguments as a list: no shell reads it", at: entry.mark,
          remedy: "`[\(text.split(whereSeparator: \.isWhitespace).joined(separator: ", "))]`")
      } else if !words.isEmpty {
        schedule.hooks.append(.init(event: event, words: words, mark: entry.mark))
      }
    }
    return schedule
  }

  mutating func decodeWindows(_ value: ConfigValue) -> WindowSpec? {
    guard let entries = checked(value, WindowSpec.keys, of: "`windows`"),
      let length = entries["length"]?.text.flatMap(WindowSpec.Length.init)
    else { return nil }
    var windows = WindowSpec(length: length, mark: value.mark)
    windows.before = seconds(entries, "before") ?? 0
    windows.after = seconds(entries, "after") ?? 0
    windows.steps = count(entries, "steps", from: 1)
    windows.watermark = seconds(entries, "watermark") ?? 0
    return windows
  }

  /// The mapping, when its keys are in order.
  private mutating func checked(_ value: ConfigValue, _ keys: [Key], of what: String) -> ConfigValue? {
    guard case .mapping(let entries) = value.content else {
      fault("\(what) must be a mapping, found \(value.found)", at: value.mark)
      return nil
    }
    let wrong = KeyCheck(knownStreams: []).faults(entries, keys, of: what, at: value.mark)
    faults += wrong
    return wrong.isEmpty ? value : nil
  }

  private mutating func seconds(_ value: ConfigValue, _ key: String) -> Double? {
    guard let entry = value[key] else { return nil }
    if let seconds = entry.text.flatMap(TimeSpan.parse) { return seconds }
    fault(
      "`\(key)` must be a duration, found \(entry.found)", at: entry.mark,
      remedy: "a number with s, m, h or d: 90s, 10m, 6h, 2d")
    return nil
  }

  private mutating func count(_ value: ConfigValue, _ key: String, from low: Int) -> Int? {
    guard let entry = value[key] else { return nil }
    if let count = entry.integer, count >= low, count <= 1_000_000 { return count }
    fault("`\(key)` goes from \(low) to 1000000, found \(entry.found)", at: entry.mark)
    return nil
  }
}

extension ConfigValue {
  /// The value as text that two values share exactly when they mean the same: without comments, places and styles.
  var canonical: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch content {
    case .null: text += "~"
    case .scalar(let scalar, let isQuoted): text += (isQuoted ? "q" : "s") + "\(scalar.utf8.count):\(scalar)"
    case .sequence(let elements):
      text += "["
      for element in elements { element.write(to: &text) }
      text += "]"
    case .mapping(let entries):
      text += "{"
      for entry in entries {
        text += "\(entry.key.utf8.count):\(entry.key)="
        entry.value.write(to: &text)
      }
      text += "}"
    }
  }

  /// Text within it that names the item it is for.
  var namesItem: Bool {
    switch content {
    case .null: false
    case .scalar(let text, _): text.contains("{stem}") || text.contains("{window}")
    case .sequence(let elements): elements.contains(where: \.namesItem)
    case .mapping(let entries): entries.contains { $0.value.namesItem }
    }
  }
}
