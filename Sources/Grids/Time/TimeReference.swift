/// What time numbers count, and from when: `days since 1850-01-01` in a calendar.
public struct TimeReference: Sendable, Hashable {
  public enum Unit: Sendable, Hashable {
    /// So many microseconds.
    case fixed(Int64)
    /// So many months of the calendar: values must be whole.
    case months(Int)
  }

  public let unit: Unit
  /// In UTC.
  public let origin: CFDate
  public let calendar: CFCalendar
  private let originTicks: Int64

  /// Reads `UNIT since DATE`. In `standard` and `julian` the text's year -1 precedes year 1 (CF 4.4.1); a
  /// reference year 0 (COARDS climatologies) is taken as the year before year 1.
  ///
  /// `month` and `year` have the fixed lengths that the idealised calendars give them; in the others they are
  /// whole months of the calendar, not UDUNITS' mean lengths.
  public init(_ units: String, calendar: CFCalendar) throws(GridError) {
    func wrong(_ cause: String) -> GridError {
      GridError(
        cause, subject: "units",
        remedy: "time units are written as in `days since 1850-01-01 00:00:00`")
    }
    guard units.utf8.count <= Units.maximumLength else { throw wrong("the time units are too long") }
    guard calendar != .none else {
      throw GridError("calendar `none` has no dates", subject: "calendar")
    }
    let words = units.split(whereSeparator: \.isWhitespace)
    guard words.count >= 3, words[1].lowercased() == "since" else {
      throw wrong("`\(units)` is not of the form UNIT since DATE")
    }
    guard let unit = Self.unit(words[0].lowercased(), calendar) else {
      throw wrong("`\(words[0])` is no unit of time that can be counted in calendar `\(calendar.rawValue)`")
    }
    var parser = DateParser(words[2...].joined(separator: " "))
    guard let parsed = parser.parse() else {
      throw wrong("the reference date in `\(units)` cannot be read")
    }
    var date = parsed.date
    if calendar == .standard || calendar == .julian, date.year < 0 { date.year += 1 }
    guard let ticks = calendar.microseconds(date) else {
      throw wrong("the reference date in `\(units)` is not in the calendar `\(calendar.rawValue)`")
    }
    let utc = ticks - Int64(parsed.zoneMinutes) * 60_000_000
    guard let origin = calendar.date(microseconds: utc) else {
      throw wrong("the reference date in `\(units)` is out of range")
    }
    (self.unit, self.origin, self.calendar, self.originTicks) = (unit, origin, calendar, utc)
  }

  private static func unit(_ name: String, _ calendar: CFCalendar) -> Unit? {
    let second: Int64 = 1_000_000
    let day = 86400 * second
    switch name {
    case "microsecond", "microseconds", "microsec", "microsecs", "us": return .fixed(1)
    case "millisecond", "milliseconds", "millisec", "millisecs", "msec", "msecs", "ms": return .fixed(1000)
    case "second", "seconds", "sec", "secs", "s": return .fixed(second)
    case "minute", "minutes", "min", "mins": return .fixed(60 * second)
    case "hour", "hours", "hr", "hrs", "h": return .fixed(3600 * second)
    case "day", "days", "d": return .fixed(day)
    case "week", "weeks": return .fixed(7 * day)
    case "month", "months": return calendar == .day360 ? .fixed(30 * day) : .months(1)
    case "common_year", "common_years": return .fixed(365 * day)
    case "year", "years", "yr", "yrs":
      switch calendar {
      case .day360: return .fixed(360 * day)
      case .noLeap: return .fixed(365 * day)
      case .allLeap: return .fixed(366 * day)
      default: return .months(12)
      }
    default: return nil
    }
  }

  /// Microseconds since day 0 of the calendar.
  public func ticks(_ value: Double) throws(GridError) -> Int64 {
    guard value.isFinite else { throw GridError("the time \(value) is no number", subject: "time") }
    let whole = value.rounded(.down)
    guard let count = Int64(exactly: whole) else { throw Self.tooFar(value) }
    switch unit {
    case .fixed(let length):
      // The fraction is exact in Double; only its product is rounded, to the microsecond.
      let fraction = Int64(((value - whole) * Double(length)).rounded(.toNearestOrEven))
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      let (sum, beyond) = product.addingReportingOverflow(fraction)
      let (ticks, outside) = sum.addingReportingOverflow(originTicks)
      if overflow || beyond || outside || ticks.magnitude > Self.limit { throw Self.tooFar(value) }
      return ticks
    case .months(let length):
      guard whole == value else {
        throw GridError(
          "the time \(value) is no whole number of months or years, whose length varies in calendar "
            + "`\(calendar.rawValue)`", subject: "time",
          remedy: "count the time in days")
      }
      let (months, overflow) = Int(count).multipliedReportingOverflow(by: length)
      guard !overflow, abs(months) <= CFCalendar.yearLimit * 24,
        let date = calendar.adding(months: months, to: origin), let ticks = calendar.microseconds(date)
      else { throw Self.tooFar(value) }
      return ticks
    }
  }

  public func date(_ value: Double) throws(GridError) -> CFDate {
    guard let date = calendar.date(microseconds: try ticks(value)) else { throw Self.tooFar(value) }
    return date
  }

  /// The number of a date.
  public func value(_ date: CFDate) throws(GridError) -> Double {
    guard let ticks = calendar.microseconds(date) else {
      throw GridError("\(date) is not in the calendar `\(calendar.rawValue)`", subject: "time")
    }
    return try value(ticks: ticks)
  }

  /// The number of an instant given in microseconds since day 0 of the calendar.
  public func value(ticks: Int64) throws(GridError) -> Double {
    let (difference, overflow) = ticks.subtractingReportingOverflow(originTicks)
    if overflow { throw GridError("the time is too far from \(origin)", subject: "time") }
    switch unit {
    case .fixed(let length):
      let (quotient, remainder) = difference.quotientAndRemainder(dividingBy: length)
      return Double(quotient) + Double(remainder) / Double(length)
    case .months(let length):
      guard let date = calendar.date(microseconds: ticks) else {
        throw GridError("the time is too far from \(origin)", subject: "time")
      }
      let months = (date.year - origin.year) * 12 + date.month - origin.month
      guard months % length == 0, calendar.adding(months: months, to: origin) == date else {
        throw GridError("\(date) is no whole number of months or years from \(origin)", subject: "time")
      }
      return Double(months / length)
    }
  }

  /// Differences of two instants within it do not overflow.
  private static let limit: UInt64 = 4_000_000_000_000_000_000

  private static func tooFar(_ value: Double) -> GridError {
    GridError("the time \(value) is beyond \(CFCalendar.yearLimit) years", subject: "time")
  }
}
