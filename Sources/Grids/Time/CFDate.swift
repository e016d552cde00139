/// A date and time of day in some calendar, to the microsecond. Years are astronomical: year 0 is the year
/// before year 1.
public struct CFDate: Sendable, Hashable, Comparable {
  public var year: Int
  public var month: Int
  public var day: Int
  public var hour: Int
  public var minute: Int
  public var second: Int
  public var microsecond: Int

  public init(
    _ year: Int, _ month: Int = 1, _ day: Int = 1, _ hour: Int = 0, _ minute: Int = 0, _ second: Int = 0,
    microsecond: Int = 0
  ) {
    (self.year, self.month, self.day) = (year, month, day)
    (self.hour, self.minute, self.second, self.microsecond) = (hour, minute, second, microsecond)
  }

  public static func < (a: CFDate, b: CFDate) -> Bool {
    (a.year, a.month, a.day, a.hour, a.minute, a.second) == (
      b.year, b.month, b.day, b.hour, b.minute, b.second
    )
      ? a.microsecond < b.microsecond
      : (a.year, a.month, a.day, a.hour, a.minute, a.second)
        < (b.year, b.month, b.day, b.hour, b.minute, b.second)
  }

  public var isMidnight: Bool { hour == 0 && minute == 0 && second == 0 && microsecond == 0 }

  /// Microseconds since midnight.
  var timeOfDay: Int64 {
    (Int64(hour) * 3600 + Int64(minute) * 60 + Int64(second)) * 1_000_000 + Int64(microsecond)
  }

  public var startOfDay: CFDate { CFDate(year, month, day) }
  public var startOfMonth: CFDate { CFDate(year, month) }
  public var startOfYear: CFDate { CFDate(year) }

  /// December, March, June or September: the first month of the meteorological season, and its year.
  public var startOfSeason: CFDate {
    let first = month / 3 * 3
    return first == 0 ? CFDate(year - 1, 12) : CFDate(year, first)
  }

  /// 0 DJF, 1 MAM, 2 JJA, 3 SON.
  public var season: Int { month % 12 / 3 }

  /// ISO 8601, UTC: `2001-02-03T04:05:06Z`, with a fraction when there is one.
  public var iso: String { isoDate + "T" + clock + "Z" }

  /// `2001-02-03`.
  public var isoDate: String { "\(yearText)-\(padded(month, 2))-\(padded(day, 2))" }

  /// `2001-02-03 04:05:06`, as in time units.
  public var udunits: String { isoDate + " " + clock }

  private var clock: String {
    var text = "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
    if microsecond != 0 {
      var fraction = padded(microsecond, 6)
      while fraction.hasSuffix("0") { fraction.removeLast() }
      text += "." + fraction
    }
    return text
  }

  private var yearText: String { year < 0 ? "-" + padded(-year, 4) : padded(year, 4) }
}

extension CFDate: CustomStringConvertible {
  public var description: String { isMidnight ? isoDate : iso }
}

/// The number with zeros before it.
func padded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
