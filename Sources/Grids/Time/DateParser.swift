/// Reads the dates of time units, of attributes and of pipelines.
struct DateParser {
  private var bytes: ArraySlice<UInt8>
  init(_ text: some StringProtocol) { bytes = ArraySlice(Array(text.utf8)) }

  /// A date as written: the year as it stands, and minutes to subtract for UTC.
  struct Result {
    var date: CFDate
    var zoneMinutes: Int
  }

  /// `Y[-M[-D]]` or `YYYYMMDD`, then after blanks, `T` or `_` `h[:m[:s[.f]]]`, then a zone: `Z`, `UTC`, `GMT`,
  /// `+h`, `-hh:mm`, `+hhmm`. Nil when the text is anything else.
  mutating func parse() -> Result? {
    skipBlanks()
    guard var date = parseDay() else { return nil }
    let hadBlank = skipBlanks()
    if take("T") || take("t") || take("_") {
      guard parseClock(&date) else { return nil }
    } else if hadBlank, let next = bytes.first, isDigit(next) {
      guard parseClock(&date) else { return nil }
    }
    skipBlanks()
    guard let zone = parseZone() else { return nil }
    skipBlanks()
    return bytes.isEmpty ? Result(date: date, zoneMinutes: zone) : nil
  }

  private mutating func parseDay() -> CFDate? {
    let isNegative = take("-")
    if !isNegative { _ = take("+") }
    guard let (year, digits) = number(maximumDigits: 8) else { return nil }
    if digits == 8, !isNegative { return CFDate(year / 10_000, year / 100 % 100, year % 100) }
    guard digits <= 6 else { return nil }
    var date = CFDate(isNegative ? -year : year)
    guard take("-") else { return date }
    guard let (month, _) = number(maximumDigits: 2) else { return nil }
    date.month = month
    guard take("-") else { return date }
    guard let (day, _) = number(maximumDigits: 2) else { return nil }
    date.day = day
    return date
  }

  private mutating func parseClock(_ date: inout CFDate) -> Bool {
    guard let (hour, _) = number(maximumDigits: 2) else { return false }
    date.hour = hour
    guard take(":") else { return true }
    guard let (minute, _) = number(maximumDigits: 2) else { return false }
    date.minute = minute
    guard take(":") else { return true }
    guard let (second, _) = number(maximumDigits: 2) else { return false }
    date.second = second
    guard take(".") else { return true }
    var weight = 100_000
    while let digit = bytes.first, isDigit(digit) {
      date.microsecond += Int(digit - 48) * weight
      weight /= 10
      bytes.removeFirst()
    }
    return true
  }

  private mutating func parseZone() -> Int? {
    if bytes.isEmpty { return 0 }
    for name in ["UTC", "GMT", "utc", "Z", "z"] where bytes.starts(with: Array(name.utf8)) {
      bytes.removeFirst(name.utf8.count)
      // `UTC+1` is not in any standard.
      return bytes.allSatisfy({ $0 == 32 }) ? 0 : nil
    }
    let sign: Int
    if take("-") { sign = -1 } else if take("+") { sign = 1 } else { return nil }
    guard let (first, digits) = number(maximumDigits: 4) else { return nil }
    var (hours, minutes) = (first, 0)
    if digits > 2 { (hours, minutes) = (first / 100, first % 100) }
    if digits <= 2, take(":") {
      guard let (value, _) = number(maximumDigits: 2) else { return nil }
      minutes = value
    }
    guard hours <= 18, minutes < 60 else { return nil }
    return sign * (hours * 60 + minutes)
  }

  private mutating func number(maximumDigits: Int) -> (value: Int, digits: Int)? {
    var (value, digits) = (0, 0)
    while let digit = bytes.first, isDigit(digit) {
      guard digits < maximumDigits else { return nil }
      (value, digits) = (value * 10 + Int(digit - 48), digits + 1)
      bytes.removeFirst()
    }
    return digits == 0 ? nil : (value, digits)
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

  private mutating func take(_ character: Character) -> Bool {
    guard let first = bytes.first, first == character.asciiValue else { return false }
    bytes.removeFirst()
    return true
  }

  @discardableResult private mutating func skipBlanks() -> Bool {
    var skipped = false
    while let first = bytes.first, first == 32 || first == 9 {
      bytes.removeFirst()
      skipped = true
    }
    return skipped
  }
}

extension CFDate {
  /// A date as people write it: `2001`, `2001-02`, `2001-02-03`, `2001-02-03T04:05`, `2001-02-03 04:05:06Z`;
  /// nil when it is none of the calendar.
  public init?(_ text: String, calendar: CFCalendar) {
    var parser = DateParser(text)
    guard let result = parser.parse(), let ticks = calendar.microseconds(result.date),
      let date = calendar.date(microseconds: ticks - Int64(result.zoneMinutes) * 60_000_000)
    else { return nil }
    self = date
  }
}
