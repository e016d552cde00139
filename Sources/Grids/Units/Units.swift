import Synchronization

/// The units of UDUNITS-2, and the few texts that CF allows beside them.
public enum Units {
  /// Longer texts are no units; the parser of the library is never given more.
  public static let maximumLength = 256

  /// True for what UDUNITS-2 can parse and for CF's dimensionless `level`, `layer`, `sigma_level`, `psu`.
  public static func isValid(_ text: String) -> Bool {
    (try? parse(text)) != nil
  }

  /// True when values in one unit can be turned into the other by `factor * x + offset`.
  public static func areConvertible(_ a: String, _ b: String) -> Bool {
    (try? conversion(from: a, to: b)) != nil
  }

  /// - Throws: `GridError` saying why a text is no unit.
  public static func check(_ text: String) throws(GridError) { try parse(text) }

  /// The unit that a text which UDUNITS does not know most likely means: the capitals of old files (`M/S`,
  /// `DEG C`), and common words. Nil when the text is valid as it is, or when nothing is found.
  public static func repaired(_ text: String) -> String? {
    if isValid(text) { return nil }
    let lower = text.lowercased().trimmed
    if let known = repairs[lower] { return known }
    return lower != text && !lower.isEmpty && isValid(lower) ? lower : nil
  }

  static func conversion(from: String, to: String) throws(GridError) -> UnitConversion {
    let from = try prepare(from)
    let to = try prepare(to)
    return try table.withLock { (table) throws(GridError) in try table.conversion(from, to) }
  }

  private static func parse(_ text: String) throws(GridError) {
    let text = try prepare(text)
    try table.withLock { (table) throws(GridError) in try table.check(text) }
  }

  /// The text as the library is to see it.
  private static func prepare(_ text: String) throws(GridError) -> String {
    let trimmed = text.trimmed
    guard trimmed.utf8.count <= maximumLength else {
      throw GridError(
        "the unit has \(trimmed.utf8.count) bytes of text, more than \(maximumLength)", subject: "units")
    }
    guard trimmed.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
      throw GridError("the unit has control characters in it", subject: "units")
    }
    return aliases[trimmed] ?? trimmed
  }

  /// Dimensionless texts of CF and of practice that UDUNITS-2 has not.
  private static let aliases = ["level": "1", "layer": "1", "sigma_level": "1", "psu": "1", "PSU": "1"]

  private static let repairs = [
    "deg c": "degC", "deg_c": "degC", "deg k": "K", "deg_k": "K", "deg f": "degF", "degrees c": "degC",
    "none": "1", "unitless": "1", "dimensionless": "1", "fraction": "1", "nondim": "1", "non-dim": "1",
    "code table": "1", "w m**-2": "W m-2", "w/m2": "W m-2", "w/m^2": "W m-2", "w/m**2": "W m-2",
    "w m-2": "W m-2", "pa": "Pa", "hpa": "hPa", "kpa": "kPa", "j/kg": "J kg-1", "j kg-1": "J kg-1",
    "k/day": "K day-1", "pa/s": "Pa s-1", "mb": "mbar", "gpm": "m", "degree_true": "degree",
    "deg": "degree", "percentage": "%", "pct": "%",
  ]

  private static let table = Mutex(UnitTable())
}

extension StringProtocol {
  /// Without blanks and NULs at both ends.
  var trimmed: String {
    let isBlank: (Character) -> Bool = { $0.isWhitespace || $0 == "\0" }
    guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(self[first...last])
  }
}
