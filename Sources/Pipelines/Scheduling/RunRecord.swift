import Basics
import GridFiles

/// What the last scheduled run did: for `isotach status`, the metrics, and people. Nothing depends on it.
struct RunRecord: Sendable {
  var start = 0
  var end = 0
  var seconds = 0.0
  var code = 0
  /// Seconds since 1970; nil: none yet.
  var lastSuccess: Int?
  var counts: [(String, Int)] = []
  var written = 0
  /// The newest time of the data that were published, and as seconds since 1970 where the calendar is a real one.
  var newestData: String?
  var newestDataSeconds: Int?
  /// Of each class in the outputs of the last run that wrote any.
  var classes: [ClassCount] = []
  var faults: [String] = []

  static func path(_ folder: StateFolder, suffix: String = "") -> String { folder.file("last\(suffix).json") }

  init() {}

  /// The last one; nil when there is none that can be read.
  init?(_ folder: StateFolder, suffix: String = "") {
    guard let bytes = try? readSmallFile(Self.path(folder, suffix: suffix), limit: 1 << 22),
      let value = try? JSONValue.parse(bytes), let start = value["start"]?.integer,
      let end = value["end"]?.integer, let seconds = value["seconds"]?.number,
      let code = value["code"]?.integer
    else { return nil }
    (self.start, self.end, self.seconds, self.code) = (start, end, seconds, code)
    lastSuccess = value["lastSuccess"]?.integer
    written = value["written"]?.integer ?? 0
    counts = value["items"]?.object?.compactMap { entry in entry.1.integer.map { (entry.0, $0) } } ?? []
    newestData = value["newestData"]?.string
    newestDataSeconds = value["newestDataSeconds"]?.integer
    classes = value["classes"]?.array?.compactMap(ClassCount.init) ?? []
    faults = value["faults"]?.array?.compactMap(\.string) ?? []
  }

  var json: JSONValue {
    .object([
      ("start", .integer(start)), ("end", .integer(end)), ("seconds", .number(seconds)),
      ("code", .integer(code)), ("lastSuccess", lastSuccess.map { .integer($0) } ?? .null),
      ("written", .integer(written)), ("items", .object(counts.map { ($0.0, .integer($0.1)) })),
      ("newestData", .text(newestData)),
      ("newestDataSeconds", newestDataSeconds.map { .integer($0) } ?? .null),
      ("classes", .array(classes.map(\.json))), ("faults", .array(faults.map { .string($0) })),
    ])
  }

  func save(_ folder: StateFolder, suffix: String = "") throws(FileError) {
    try StateFolder.write(Array(json.document.utf8), to: Self.path(folder, suffix: suffix))
  }
}

/// How much of a class was found: cells of a field of classes, or objects of a list.
public struct ClassCount: Sendable, Hashable {
  /// The field; of a list what it is about.
  public let subject: String
  /// The class; 0 is the background.
  public let value: Int
  public let meaning: String
  /// True when `count` counts objects (of tracks: tracks), not cells.
  public let isObjects: Bool
  public var count: Int

  init(_ subject: String, value: Int, meaning: String, isObjects: Bool = false, count: Int) {
    (self.subject, self.value, self.meaning) = (subject, value, meaning)
    (self.isObjects, self.count) = (isObjects, count)
  }

  init?(_ json: JSONValue) {
    guard let subject = json["subject"]?.string, let value = json["value"]?.integer,
      let meaning = json["class"]?.string, let count = json["count"]?.integer,
      let unit = json["of"]?.string
    else { return nil }
    self.init(subject, value: value, meaning: meaning, isObjects: unit == "objects", count: count)
  }

  public var json: JSONValue {
    .object([
      ("subject", .string(subject)), ("class", .string(meaning)), ("value", .integer(value)),
      ("count", .integer(count)), ("of", .string(isObjects ? "objects" : "cells")),
    ])
  }

  /// True when something was detected.
  var isDetection: Bool { value != 0 && count > 0 }

  /// The same classes together.
  static func sums(_ counts: [ClassCount]) -> [ClassCount] {
    var result: [ClassCount] = []
    for count in counts {
      if let index = result.firstIndex(where: {
        $0.subject == count.subject && $0.value == count.value && $0.meaning == count.meaning
          && $0.isObjects == count.isObjects
      }) {
        result[index].count += count.count
      } else {
        result.append(count)
      }
    }
    return result
  }
}
