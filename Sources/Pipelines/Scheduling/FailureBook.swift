import Basics
import GridFiles

/// Items that failed: how often, why, and when they are tried again. An entry is about certain bytes: an item whose
/// inputs, models or plan have changed since begins anew. A lost book costs some tries.
struct FailureBook: Sendable {
  struct Entry: Sendable {
    /// Of the item; "" when its files could not be read.
    var digest: String
    var tries: Int
    var code: Int
    var reason: String
    /// By the clock on the wall, for people.
    var first: String
    var last: String
    /// By the clock that only goes on.
    var boot: String
    var uptime: Double
  }

  private(set) var entries: [String: Entry] = [:]
  private let path: String
  private var isChanged = false

  init(_ folder: StateFolder, suffix: String = "") {
    path = folder.file("failures\(suffix).json")
    guard let bytes = try? readSmallFile(path, limit: 1 << 26), let value = try? JSONValue.parse(bytes),
      let items = value["items"]?.array
    else { return }
    for item in items {
      guard let name = item["item"]?.string, let entry = Entry(item) else { continue }
      entries[name] = entry
    }
  }

  /// What holds for these bytes; nil when they have not failed.
  func entry(_ name: String, digest: String?) -> Entry? {
    guard let entry = entries[name], let digest, entry.digest == digest else { return nil }
    return entry
  }

  mutating func add(_ name: String, digest: String, _ faults: [Fault]) {
    let now = RunSettings.isoTime(RunSettings.clock)
    let before = entries[name].flatMap { $0.digest == digest ? $0 : nil }
    entries[name] = Entry(
      digest: digest, tries: (before?.tries ?? 0) + 1, code: Int(Faults(faults).code.rawValue),
      reason: faults.map(\.description).joined(separator: "\n"), first: before?.first ?? now, last: now,
      boot: Uptime.boot, uptime: Uptime.seconds)
    isChanged = true
  }

  mutating func remove(_ name: String) {
    if entries.removeValue(forKey: name) != nil { isChanged = true }
  }

  /// Forgets items that are no longer there.
  mutating func keep(_ names: Set<String>) {
    for name in entries.keys where !names.contains(name) { remove(name) }
  }

  mutating func save() throws(FileError) {
    guard isChanged else { return }
    let items = entries.sorted { $0.key < $1.key }.map { name, entry in
      JSONValue.object([("item", .string(name))] + entry.json)
    }
    try StateFolder.write(Array(JSONValue.object([("items", .array(items))]).document.utf8), to: path)
    isChanged = false
  }
}

extension FailureBook.Entry {
  fileprivate init?(_ value: JSONValue) {
    guard let digest = value["digest"]?.string, let tries = value["tries"]?.integer, tries >= 1,
      let code = value["code"]?.integer, let reason = value["reason"]?.string,
      let first = value["first"]?.string, let last = value["last"]?.string,
      let boot = value["boot"]?.string, let uptime = value["uptime"]?.number
    else { return nil }
    self.init(
      digest: digest, tries: tries, code: code, reason: reason, first: first, last: last, boot: boot,
      uptime: uptime)
  }

  fileprivate var json: [(String, JSONValue)] {
    [
      ("digest", .string(digest)), ("tries", .integer(tries)), ("code", .integer(code)),
      ("reason", .string(reason)), ("first", .string(first)), ("last", .string(last)),
      ("boot", .string(boot)), ("uptime", .number(uptime)),
    ]
  }

  /// Faults of the place, not of the item: they never put it aside.
  var isOfThePlace: Bool { code == Fault.Code.cannotWrite.rawValue || code == Fault.Code.busy.rawValue }

  func isPutAside(_ schedule: ScheduleSpec) -> Bool { tries > schedule.retries && !isOfThePlace }

  /// Seconds until the next try; 0 when it is due. After a restart of the machine all are due.
  func wait(_ schedule: ScheduleSpec) -> Double {
    guard boot == Uptime.boot else { return 0 }
    var pause = schedule.backoff
    for _ in 1..<max(1, min(tries, 10)) { pause *= 2 }
    return max(0, min(pause, 86400) - max(0, Uptime.seconds - uptime))
  }
}
