import Stages

/// How a pipeline is run again and again (`run --new-only`): the key `schedule`. Nothing here changes what an output
/// holds, so nothing here is part of its digest.
public struct ScheduleSpec: Sendable {
  public enum Order: String, Sendable, CaseIterable { case oldest, newest }
  public var order = Order.oldest
  /// The most items that one run makes; nil: all.
  public var limit: Int?
  /// Seconds for which a file must have been left alone before it is read.
  public var settle = 10.0
  /// How often an item that failed is tried again before it is put aside.
  public var retries = 3
  /// Seconds before the first retry; doubled for each further one.
  public var backoff = 600.0
  /// The folder of the lock and of what one run leaves for the next; nil: beside the pipeline.
  public var state: PipelineSpec.Place?
  /// A text file for Prometheus' node_exporter.
  public var metrics: PipelineSpec.Place?
  public var hooks: [Hook] = []
  /// Seconds that a hook may take.
  public var hookLimit = 60.0
  public init() {}

  public struct Hook: Sendable {
    public enum Event: String, Sendable, CaseIterable {
      case success = "on-success"
      case failure = "on-failure"
      case detection = "on-detection"
    }
    public let event: Event
    /// The program and its arguments; no shell reads them.
    public let words: [String]
    public let mark: Mark
  }

  static let keys: [Key] = [
    Key("order", .choice(Order.allCases.map(\.rawValue)), default: "oldest", "which items are made first"),
    Key("limit", .integer, default: "all", "the most items that one run makes"),
    Key(
      "settle", .text, default: "10s",
      "how long a file must have been left alone before it is read; 0: files arrive whole, by a rename"),
    Key("retries", .integer, default: "3", "how often an item that failed is tried again"),
    Key("backoff", .text, default: "10m", "time before the first retry; doubled for each further one"),
    Key("state", .text, "folder of the lock and of what one run leaves for the next"),
    Key("metrics", .text, "a text file for Prometheus, `NAME.prom`"),
    Key("on-success", .list(.text), "a program and its arguments, run after a run without a fault"),
    Key("on-failure", .list(.text), "the same, after a run with a fault"),
    Key(
      "on-detection", .list(.text),
      "the same, after a run that wrote cells of a class other than 0 (`flag_values`), or a list with objects"
    ),
    Key("hook-limit", .text, default: "60s", "the time that such a program may take"),
  ]
}

/// Stretches of time of which each becomes an item with outputs of its own (`{window}`): the key `windows`.
public struct WindowSpec: Sendable {
  public enum Length: String, Sendable, CaseIterable { case hour, day, month, year }
  public var length: Length
  /// Seconds before and after a window that its stages see beside it.
  public var before = 0.0
  public var after = 0.0
  /// Times that make a window complete; nil: not known.
  public var steps: Int?
  /// Seconds by which the data must have gone on beyond a window before it is made without being complete.
  public var watermark = 0.0
  public let mark: Mark

  static let keys: [Key] = [
    Key("length", .choice(Length.allCases.map(\.rawValue)), required: true, "of a window, by the calendar"),
    Key("before", .text, default: "0", "time before a window that its stages see beside it"),
    Key("after", .text, default: "0", "time after it"),
    Key("steps", .integer, "times that make a window complete: it need not wait for what comes after"),
    Key(
      "watermark", .text, default: "0",
      "a window that is not complete is made when the data have gone on so far beyond its end"),
  ]
}

/// Durations as people write them: `90s`, `10m`, `6h`, `2d`; a bare number counts seconds.
public enum TimeSpan {
  /// Seconds; nil when it is none.
  public static func parse(_ text: String) -> Double? {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    var digits = Substring(text)
    var unit = 1.0
    if let last = digits.last, let known = units[last] {
      digits.removeLast()
      unit = known
    }
    guard let first = digits.first, first.isNumber, let number = Double(digits), number.isFinite,
      number * unit <= 1e9
    else { return nil }
    return number * unit
  }

  public static func text(_ seconds: Double) -> String {
    for (unit, length) in [("d", 86400.0), ("h", 3600), ("m", 60)] where seconds >= length {
      let tenths = (seconds / length * 10).rounded() / 10
      return tenths == tenths.rounded() ? "\(Int(tenths))\(unit)" : "\(tenths)\(unit)"
    }
    return "\(Int(max(0, seconds).rounded()))s"
  }
}
