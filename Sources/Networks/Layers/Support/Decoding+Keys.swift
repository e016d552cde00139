import Basics
import Compute

/// Keys that several layers have.
enum CommonKeys {
  static let bias = Key("bias", .boolean, default: "true", "add a trained number to each channel")
  static let initialiser = Key(
    "initialiser", .other("an initialiser: a name, or a mapping with one name and its keys"), default: "he",
    "how the weights begin")
  static let biasInitialiser = Key(
    "bias-initialiser", .other("an initialiser: a name, or a mapping with one name and its keys"),
    default: "constant", "how the bias begins")
}

extension Decoding {
  /// The initialiser that a key names; nil when the key is absent, or wrong, with a fault.
  func initialiser(_ arguments: Arguments, _ key: String = "initialiser") -> (any Initialiser)? {
    guard let value = arguments.value(key) else { return nil }
    return one(
      value, "initialiser",
      of: allInitialisers.map { type in
        (type.declaration, { (arguments: Arguments) throws(PlanError) in try type.init(arguments) })
      })
  }
}

extension [(String, ConfigValue)] {
  /// Adds a key unless its value is the default.
  mutating func add<T: Equatable>(_ key: String, _ value: T, unless standard: T, _ make: (T) -> ConfigValue) {
    if value != standard { append((key, make(value))) }
  }
  mutating func add(_ key: String, _ value: ConfigValue?) {
    if let value { append((key, value)) }
  }
}

extension Arguments {
  /// A whole number of at least `minimum`.
  func whole(_ key: String, minimum: Int = 1, to maximum: Int = 1 << 30) throws(PlanError) -> Int? {
    guard let number = integer(key) else { return nil }
    guard (minimum...maximum).contains(number) else {
      let wanted = maximum == 1 << 30 ? "\(minimum) or more" : "from \(minimum) to \(maximum)"
      throw PlanError("`\(key)` must be \(wanted), found \(number)", at: mark(key))
    }
    return number
  }

  /// A number inside a range.
  func number(_ key: String, in range: ClosedRange<Double>) throws(PlanError) -> Double? {
    guard let number = number(key) else { return nil }
    guard range.contains(number) else {
      throw PlanError(
        "`\(key)` must be from \(range.lowerBound) to \(range.upperBound), found \(number)", at: mark(key))
    }
    return number
  }
}
