import Basics

/// What a number may be, in words for messages.
struct NumberRange: Sendable {
  let text: String
  let contains: @Sendable (Double) -> Bool

  static let positive = NumberRange(text: "above 0") { $0 > 0 }
  static let notNegative = NumberRange(text: "at least 0") { $0 >= 0 }
  /// A memory, a momentum.
  static let fraction = NumberRange(text: "at least 0 and below 1") { (0..<1).contains($0) }
  /// A probability, a share.
  static let unit = NumberRange(text: "from 0 to 1") { (0...1).contains($0) }
  static let any = NumberRange(text: "a number") { _ in true }
}

extension Arguments {
  /// The number of a key, `otherwise` when it is not given.
  /// - Throws: when it is outside of the range.
  func number(_ key: String, or otherwise: Double, _ range: NumberRange) throws(PlanError) -> Double {
    guard let number = number(key) else { return otherwise }
    guard range.contains(number) else {
      throw PlanError("`\(key)` must be \(range.text), found \(number)", at: mark(key))
    }
    return number
  }

  /// The numbers of a list, or of one number; nil when the key is not given.
  func numbers(_ key: String, _ range: NumberRange) throws(PlanError) -> [Double]? {
    guard let list = list(key) else { return nil }
    var numbers: [Double] = []
    for element in list {
      guard let number = element.number, range.contains(number) else {
        throw PlanError(
          "each number of `\(key)` must be \(range.text), found \(element.text ?? element.kindName)",
          at: element.mark)
      }
      numbers.append(number)
    }
    return numbers
  }
}

extension Configured {
  /// The keys whose values are not the default.
  func changed(_ entries: (key: String, value: Double, usual: Double)...) -> [(String, ConfigValue)] {
    entries.filter { $0.value != $0.usual }.map { ($0.key, .number($0.value)) }
  }
}
