/// Units of results, as UDUNITS text.
enum UnitText {
  /// Units of a square (or another power): `K` -> `K2`, `m s-1` -> `(m s-1)2`; for temperatures with an
  /// offset the power of their difference is meant.
  static func power(_ units: String?, _ exponent: Int) -> String? {
    guard let units = difference(units) else { return nil }
    if units == "1" || units.isEmpty { return "1" }
    let isWord = units.allSatisfy { $0.isLetter }
    return isWord ? "\(units)\(exponent)" : "(\(units))\(exponent)"
  }

  /// Units of a square root: of `m2` -> `m`; "1" where there is no text for it.
  static func root(_ units: String?) -> String {
    guard let units, units.hasSuffix("2") else { return "1" }
    let base = String(units.dropLast())
    if base.hasPrefix("("), base.hasSuffix(")") {
      let inner = String(base.dropFirst().dropLast())
      return inner.contains("(") || inner.contains(")") ? "1" : inner
    }
    return !base.isEmpty && base.allSatisfy { $0.isLetter } ? base : "1"
  }

  /// Units of a difference: the same, but kelvin for a temperature with another zero (degree Celsius), and
  /// the degree Rankine for Fahrenheit.
  static func difference(_ units: String?) -> String? {
    guard let units else { return nil }
    if celsius.contains(units.lowercased()) { return "K" }
    if fahrenheit.contains(units.lowercased()) { return "degR" }
    return units
  }

  /// True for a unit of temperature, where a difference and a temperature must be told apart
  /// (`units_metadata` of CF 1.11).
  static func isTemperature(_ units: String?) -> Bool {
    guard let units = units?.lowercased() else { return false }
    return celsius.contains(units) || fahrenheit.contains(units)
      || ["k", "kelvin", "kelvins", "degk", "degree_k", "degrees_k", "degr"].contains(units)
  }

  private static let celsius: Set<String> = [
    "degc", "deg_c", "degree_c", "degrees_c", "celsius", "degree_celsius", "degrees_celsius", "°c",
    "degreec", "degreesc",
  ]
  private static let fahrenheit: Set<String> = [
    "degf", "deg_f", "degree_f", "degrees_f", "fahrenheit", "degree_fahrenheit", "degrees_fahrenheit", "°f",
    "degreef", "degreesf",
  ]
}
