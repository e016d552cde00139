import Basics
import GridFiles
import Grids

/// What a computation finds out beside the values of its result, when it runs.
public enum Finding: Sendable {
  /// A line of the story.
  case line(String)
  case score(Score)
  /// The value of an attribute that the plan has a place for; see `LateAttribute`.
  case attribute(key: String, Attribute.Value)
}

/// How well a method does, by one measure, for one variable, part of the domain and period.
public struct Score: Sendable, Hashable {
  public var method: String
  public var variable: String
  public var metric: String
  /// NaN when there is none: no cell counts, or a correlation of what does not vary.
  public var value: Double
  /// Of the value; "1" without.
  public var units: String
  public var region: String
  public var period: String
  /// Values that count.
  public var n: Int
  /// Its place among the scores of its stage.
  public var order: Int
  /// Where the value lies with the asked probability, when that was asked for and can be said.
  public var interval: Interval?
  public var better: Better

  public struct Interval: Sendable, Hashable {
    public var low: Double
    public var high: Double
  }

  /// Which of two values of a measure is the better one.
  public enum Better: Sendable, Hashable {
    case none, low, high, near(Double)

    /// Smaller is better.
    public func loss(_ value: Double) -> Double? {
      switch self {
      case .none: nil
      case .low: value
      case .high: -value
      case .near(let goal): abs(value - goal)
      }
    }
  }

  public init(
    method: String, variable: String, metric: String, value: Double, units: String, region: String,
    period: String, n: Int, order: Int, interval: Interval? = nil, better: Better = .none
  ) {
    (self.method, self.variable, self.metric, self.value) = (method, variable, metric, value)
    (self.units, self.region, self.period, self.n, self.order) = (units, region, period, n, order)
    (self.interval, self.better) = (interval, better)
  }

  /// As an element of the list `scores` of `run --json`.
  public func json(item: String? = nil) -> JSONValue {
    var entries: [(String, JSONValue)] = [
      ("method", .string(method)), ("variable", .string(variable)), ("metric", .string(metric)),
      ("value", value.isFinite ? .number(value) : .null), ("units", .string(units)),
      ("region", .string(region)), ("period", .string(period)), ("n", .integer(n)),
    ]
    if let interval {
      entries.append(("interval", .array([.number(interval.low), .number(interval.high)])))
    }
    if let item { entries.insert(("item", .string(item)), at: 0) }
    return .object(entries)
  }
}

/// The place of an attribute whose value is known only when the data have been read: a fitted coefficient, the
/// digest of a model that the same run trains. The planner knows that there is such an attribute, the
/// computation reports its value as a `Finding`, and the output gets it before it is written.
///
/// An attribute that is nothing but the place takes the value as it is; within a text it takes the text.
public enum LateAttribute {
  private static let fence: Character = "\u{1}"

  /// The text that stands for the value until it is known.
  public static func place(_ key: String) -> String { "\(fence)\(key)\(fence)" }

  /// True when the attribute has such a place.
  public static func isLate(_ attribute: Attribute) -> Bool { attribute.text?.contains(fence) ?? false }

  /// The attribute with what is known put in; nil when a value is still missing, for such an attribute is
  /// not written.
  public static func resolved(_ attribute: Attribute, _ values: [String: Attribute.Value]) -> Attribute? {
    guard let text = attribute.text, text.contains(fence) else { return attribute }
    let parts = text.split(separator: fence, omittingEmptySubsequences: false).map(String.init)
    if parts.count == 3, parts[0].isEmpty, parts[2].isEmpty {
      return values[parts[1]].map { Attribute(attribute.name, $0) }
    }
    var result = ""
    for (index, part) in parts.enumerated() {
      if index % 2 == 0 {
        result += part
      } else {
        guard let value = values[part], let word = Attribute(attribute.name, value).text else { return nil }
        result += word
      }
    }
    return Attribute(attribute.name, result)
  }
}

/// What a computation does beside its result: it is done even when nothing reads that.
public struct Effect: Sendable, Hashable {
  /// A file that the computation writes itself, atomically.
  public struct File: Sendable, Hashable {
    public let path: String
    /// The key that names it.
    public let mark: Mark
    /// Listed among what a run has written; else a help on the way (the state of a training), checked and planned
    /// all the same.
    public let isResult: Bool
    public init(path: String, mark: Mark, isResult: Bool = true) {
      (self.path, self.mark, self.isResult) = (path, mark, isResult)
    }
  }
  public var files: [File]
  public init(files: [File] = []) { self.files = files }
}
