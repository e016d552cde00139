/// Days and dates of the calendars, in integers. Day 0 is 1970-01-01 of the calendar (for `julian` the day
/// that is 1970-01-01 in the Gregorian calendar), so that the three real calendars count the same days.
extension CFCalendar {
  /// Years beyond are refused: differences of 64-bit microseconds end there.
  public static let yearLimit = 120_000

  /// - Returns: nil when the calendar has no such day, or has no days at all (`none`).
  public func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int? {
    guard abs(year) <= Self.yearLimit, let length = daysInMonth(year, month), day >= 1, day <= length
    else { return nil }
    switch self {
    case .prolepticGregorian: return Self.gregorianDay(year, month, day)
    case .julian: return Self.julianDay(year, month, day)
    case .standard:
      if (year, month, day) >= (1582, 10, 15) { return Self.gregorianDay(year, month, day) }
      // The ten days that were left out.
      if (year, month, day) > (1582, 10, 4) { return nil }
      return Self.julianDay(year, month, day)
    case .noLeap: return (year - 1970) * 365 + Self.daysBefore[month - 1] + day - 1
    case .allLeap:
      return (year - 1970) * 366 + Self.daysBefore[month - 1] + (month > 2 ? 1 : 0) + day - 1
    case .day360: return (year - 1970) * 360 + (month - 1) * 30 + day - 1
    case .none: return nil
    }
  }

  /// The date of a day; nil beyond the limit and for `none`.
  public func date(dayNumber day: Int) -> CFDate? {
    guard abs(day) <= Self.yearLimit * 366 else { return nil }
    switch self {
    case .prolepticGregorian: return Self.gregorianDate(day)
    case .julian: return Self.julianDate(day)
    case .standard: return day >= Self.firstGregorianDay ? Self.gregorianDate(day) : Self.julianDate(day)
    case .noLeap, .allLeap:
      let length = self == .noLeap ? 365 : 366
      let (years, rest) = day.flooredDivision(length)
      let year = 1970 + years
      var month = 1
      var left = rest
      while let days = daysInMonth(year, month), left >= days {
        left -= days
        month += 1
      }
      return CFDate(year, month, left + 1)
    case .day360:
      let (years, rest) = day.flooredDivision(360)
      return CFDate(1970 + years, rest / 30 + 1, rest % 30 + 1)
    case .none: return nil
    }
  }

  /// The last day of the month; nil when the month is not 1 to 12.
  public func daysInMonth(_ year: Int, _ month: Int) -> Int? {
    guard (1...12).contains(month), abs(year) <= Self.yearLimit else { return nil }
    if self == .day360 { return 30 }
    return month == 2 && isLeap(year) ? 29 : Self.monthLengths[month - 1]
  }

  public func isLeap(_ year: Int) -> Bool {
    switch self {
    case .prolepticGregorian: Self.isGregorianLeap(year)
    case .standard: year > 1582 ? Self.isGregorianLeap(year) : year % 4 == 0
    case .julian: year % 4 == 0
    case .allLeap: true
    case .noLeap, .day360, .none: false
    }
  }

  /// 1 to 366: the date's number in its year.
  public func dayOfYear(_ date: CFDate) -> Int? {
    guard let day = dayNumber(date.year, date.month, date.day), let first = dayNumber(date.year, 1, 1)
    else { return nil }
    return day - first + 1
  }

  /// Microseconds since the start of day 0; nil when the date is not in the calendar.
  public func microseconds(_ date: CFDate) -> Int64? {
    guard let day = dayNumber(date.year, date.month, date.day), (0..<24).contains(date.hour),
      (0..<60).contains(date.minute), (0..<60).contains(date.second),
      (0..<1_000_000).contains(date.microsecond)
    else { return nil }
    let (product, overflow) = Int64(day).multipliedReportingOverflow(by: Self.microsecondsPerDay)
    if overflow { return nil }
    let (sum, beyond) = product.addingReportingOverflow(date.timeOfDay)
    return beyond ? nil : sum
  }

  public func date(microseconds: Int64) -> CFDate? {
    var (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: Self.microsecondsPerDay)
    if remainder < 0 { (quotient, remainder) = (quotient - 1, remainder + Self.microsecondsPerDay) }
    guard var date = date(dayNumber: Int(quotient)) else { return nil }
    let seconds = Int(remainder / 1_000_000)
    date.microsecond = Int(remainder % 1_000_000)
    (date.hour, date.minute, date.second) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    return date
  }

  /// The date that many months later; a day that the month has not becomes its last day.
  public func adding(months: Int, to date: CFDate) -> CFDate? {
    let (index, overflow) = (date.year * 12 + date.month - 1).addingReportingOverflow(months)
    if overflow { return nil }
    let (year, month) = index.flooredDivision(12)
    guard let length = daysInMonth(year, month + 1) else { return nil }
    var result = date
    (result.year, result.month, result.day) = (year, month + 1, min(date.day, length))
    return dayNumber(result.year, result.month, result.day) == nil ? nil : result
  }

  public func adding(days: Int, to date: CFDate) -> CFDate? {
    guard let day = dayNumber(date.year, date.month, date.day) else { return nil }
    let (sum, overflow) = day.addingReportingOverflow(days)
    guard !overflow, var result = self.date(dayNumber: sum) else { return nil }
    (result.hour, result.minute, result.second) = (date.hour, date.minute, date.second)
    result.microsecond = date.microsecond
    return result
  }

  static let microsecondsPerDay: Int64 = 86_400_000_000
  private static let monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  private static let daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
  /// 1582-10-15.
  private static let firstGregorianDay = -141_427

  private static func isGregorianLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  // Years begin in March here, so that the leap day is the last one (Hinnant, "chrono-compatible low-level date
  // algorithms").
  private static func gregorianDay(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooredDivision(400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func gregorianDate(_ day: Int) -> CFDate {
    let (era, dayOfEra) = (day + 719_468).flooredDivision(146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    return fromMarch(
      yearOfEra + era * 400, dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100))
  }

  private static func julianDay(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooredDivision(4)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 1461 + yearOfEra * 365 + dayOfYear - 719_470
  }

  private static func julianDate(_ day: Int) -> CFDate {
    let (era, dayOfEra) = (day + 719_470).flooredDivision(1461)
    let yearOfEra = (dayOfEra - dayOfEra / 1460) / 365
    return fromMarch(yearOfEra + era * 4, dayOfEra - 365 * yearOfEra)
  }

  private static func fromMarch(_ year: Int, _ dayOfYear: Int) -> CFDate {
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return CFDate(month <= 2 ? year + 1 : year, month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }
}

extension Int {
  /// Quotient rounded down and remainder of the divisor's sign; the divisor is positive.
  func flooredDivision(_ divisor: Int) -> (Int, Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
