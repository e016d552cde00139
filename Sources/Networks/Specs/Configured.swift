import Basics

/// What YAML can name with its keys: `adam`, or `{adam: {beta1: 0.8}}`.
public protocol Configured: Sendable {
  static var declaration: Declaration { get }
  /// - Parameter arguments: they fit the declaration already; what is between the keys is checked here.
  init(_ arguments: Arguments) throws(PlanError)
  /// The keys that say what it is, those with default values left out: decoding them gives an equal value.
  var keys: [(String, ConfigValue)] { get }
}

extension Configured {
  /// `{name: {key: value, ...}}`, or the name alone.
  public var configuration: ConfigValue {
    let name = Self.declaration.name
    return keys.isEmpty ? .text(name) : .mapping([(name, .mapping(keys))])
  }
}

/// Finds which of several things a piece of YAML names, and decodes it; every fault is kept.
public final class Decoding {
  public private(set) var faults: [PlanError] = []
  public init() {}

  public func fault(_ error: PlanError) { faults.append(error) }

  /// The name and the keys of `adam` or `{adam: {...}}`; nil, with a fault, when it is neither.
  func named(_ value: ConfigValue, _ what: String) -> (name: String, mark: Mark, keys: ConfigValue)? {
    switch value.content {
    case .scalar(let name, _): return (name, value.mark, ConfigValue(.mapping([]), value.mark))
    case .mapping(let entries) where entries.count == 1:
      let entry = entries[0]
      switch entry.value.content {
      case .mapping: return (entry.key, entry.keyMark, entry.value)
      case .null: return (entry.key, entry.keyMark, ConfigValue(.mapping([]), entry.value.mark))
      // `relu: 0.1` and `max-pool: 2`: the value of the first key.
      default: return (entry.key, entry.keyMark, entry.value)
      }
    default:
      faults.append(
        PlanError(
          "\(what) must be a name, or a mapping with one name and its keys, found \(value.kindName)",
          at: value.mark))
      return nil
    }
  }

  /// Decodes one of several kinds of things.
  /// - Returns: nil, with faults, when there is none of that name or its keys are wrong.
  public func one<T>(
    _ value: ConfigValue, _ what: String, of kinds: [(Declaration, (Arguments) throws(PlanError) -> T)]
  )
    -> T?
  {
    guard let (name, mark, keys) = named(value, what) else { return nil }
    guard let (declaration, make) = kinds.first(where: { $0.0.name == name }) else {
      let names = kinds.map(\.0.name)
      faults.append(
        PlanError(
          "there is no \(what) `\(name)`", at: mark,
          remedy: Suggestion.remedy(for: name, among: names.sorted())))
      return nil
    }
    var entries: [ConfigValue.Entry]
    if case .mapping(let given) = keys.content {
      entries = given
    } else if let first = declaration.keys.first {
      entries = [.init(key: first.name, keyMark: mark, value: keys)]
    } else {
      faults.append(PlanError("`\(name)` has no keys, found \(keys.found)", at: keys.mark))
      return nil
    }
    let wrong = KeyCheck(knownStreams: []).faults(entries, declaration.keys, of: "`\(name)`", at: mark)
    guard wrong.isEmpty else {
      faults += wrong
      return nil
    }
    let values = Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    do throws(PlanError) {
      return try make(Arguments(stage: name, mark: mark, values: values))
    } catch {
      faults.append(error)
      return nil
    }
  }
}

extension ConfigValue {
  /// A value that stands in no file.
  public static func text(_ text: String) -> ConfigValue {
    ConfigValue(.scalar(text, isQuoted: false), .none)
  }
  public static func number(_ number: Double) -> ConfigValue {
    if let whole = Int(exactly: number) { return .integer(whole) }
    return .text("\(number)")
  }
  public static func integer(_ number: Int) -> ConfigValue { .text("\(number)") }
  public static func boolean(_ value: Bool) -> ConfigValue { .text(value ? "true" : "false") }
  public static func list(_ values: [ConfigValue]) -> ConfigValue { ConfigValue(.sequence(values), .none) }
  public static func mapping(_ entries: [(String, ConfigValue)]) -> ConfigValue {
    ConfigValue(.mapping(entries.map { Entry(key: $0.0, keyMark: .none, value: $0.1) }), .none)
  }

  /// The same as JSON. What is written without quotes stays text that reads the same way.
  public var json: JSONValue {
    switch content {
    case .null: .null
    case .scalar(let text, let isQuoted):
      if isQuoted {
        .string(text)
      } else if let whole = Int(text) {
        .integer(whole)
      } else if let number = Double(text), number.isFinite {
        .number(number)
      } else if text == "true" || text == "false" {
        .boolean(text == "true")
      } else {
        .string(text)
      }
    case .sequence(let elements): .array(elements.map(\.json))
    case .mapping(let entries): .object(entries.map { ($0.key, $0.value.json) })
    }
  }

  /// From JSON, as it is stored in a model file.
  public init(json: JSONValue) {
    switch json {
    case .null: self.init(.null, .none)
    case .boolean(let value): self = .boolean(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .literal(let text): self = .text(text)
    case .string(let text): self = .text(text)
    case .array(let elements): self = .list(elements.map { ConfigValue(json: $0) })
    case .object(let entries): self = .mapping(entries.map { ($0.0, ConfigValue(json: $0.1)) })
    }
  }
}

extension Mark {
  /// No place in a text.
  public static let none = Mark(line: 0, column: 0)
}

extension Decoding {
  /// A loss by its name: `mse`, `{huber: {delta: 2}}`.
  public func loss(_ value: ConfigValue) -> (any Loss)? {
    one(
      value, "loss",
      of: allLosses.map { type in
        (type.declaration, { (arguments: Arguments) throws(PlanError) in try type.init(arguments) })
      })
  }

  /// An optimiser by its name: `adam`, `{adam: {beta1: 0.8}}`.
  public func optimiser(_ value: ConfigValue) -> (any Optimiser)? {
    one(
      value, "optimiser",
      of: allOptimisers.map { type in
        (type.declaration, { (arguments: Arguments) throws(PlanError) in try type.init(arguments) })
      })
  }

  /// A schedule of the rate by its name: `constant`, `{step: {every: 1000}}`.
  public func schedule(_ value: ConfigValue) -> (any Schedule)? {
    one(
      value, "schedule",
      of: allSchedules.map { type in
        (type.declaration, { (arguments: Arguments) throws(PlanError) in try type.init(arguments) })
      })
  }
}
