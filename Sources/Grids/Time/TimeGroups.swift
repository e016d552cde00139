/// How steps are put together.
public enum TimeGrouping: String, Sendable, CaseIterable {
  // Periods, one after the other.
  case hour, day, month, season, year
  // The same part of every cycle.
  case hourOfDay, dayOfYear, monthOfYear, seasonOfYear

  /// True for the parts of a cycle: the result is a climatology.
  public var isCyclic: Bool {
    switch self {
    case .hourOfDay, .dayOfYear, .monthOfYear, .seasonOfYear: true
    default: false
    }
  }
}

/// The steps of an axis that fall into one period.
public struct TimeGroup: Sendable, Hashable {
  /// For periods the start; for cycles 0...23, 1...366, 1...12 or 0...3 (DJF first).
  public let key: Int
  public let indices: [Int]
  /// The period in which the steps lie; of a cycle its first part (in the first year that has steps).
  public let start: CFDate
  /// Exclusive; of a cycle the end of its last part (in the last year that has steps).
  public let end: CFDate
}

extension TimeAxis {
  public func reference() throws(GridError) -> TimeReference { try TimeReference(units, calendar: calendar) }

  public func date(at index: Int) throws(GridError) -> CFDate {
    guard values.indices.contains(index) else { throw GridError("the time axis has no step \(index)") }
    return try reference().date(values[index])
  }

  public func dates() throws(GridError) -> [CFDate] {
    let reference = try reference()
    var dates: [CFDate] = []
    dates.reserveCapacity(count)
    for value in values { dates.append(try reference.date(value)) }
    return dates
  }

  /// The dates by which steps are assigned to periods: the middle of the bounds when there are any (a mean
  /// stamped at the end of its interval belongs to the interval), else the value.
  public func representativeDates() throws(GridError) -> [CFDate] {
    guard let bounds, bounds.count == 2 * count, !isClimatology else { return try dates() }
    let reference = try reference()
    var dates: [CFDate] = []
    dates.reserveCapacity(count)
    for index in 0..<count {
      let low = try reference.ticks(bounds[2 * index])
      let high = try reference.ticks(bounds[2 * index + 1])
      let middle = low + (high - low) / 2
      guard let date = calendar.date(microseconds: middle) else {
        throw GridError("the bounds of time step \(index) are out of range", subject: name)
      }
      dates.append(date)
    }
    return dates
  }

  /// The steps by period, in the order of time (of the cycle for cyclic groupings).
  public func groups(by grouping: TimeGrouping) throws(GridError) -> [TimeGroup] {
    let dates = try representativeDates()
    var members: [[Int]: [Int]] = [:]
    for (index, date) in dates.enumerated() { members[key(date, grouping), default: []].append(index) }
    var groups: [TimeGroup] = []
    for key in members.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let indices = members[key] ?? []
      let part = indices.map { dates[$0] }
      guard let first = part.min(), let last = part.max(), let start = period(of: first, grouping)?.start,
        let end = period(of: last, grouping)?.end
      else { throw GridError("a period of the time axis is out of range", subject: name) }
      groups.append(
        TimeGroup(key: grouping.isCyclic ? key[0] : groups.count, indices: indices, start: start, end: end))
    }
    return groups
  }

  private func key(_ date: CFDate, _ grouping: TimeGrouping) -> [Int] {
    switch grouping {
    case .hour: return [date.year, date.month, date.day, date.hour]
    case .day: return [date.year, date.month, date.day]
    case .month: return [date.year, date.month]
    case .season: return [date.startOfSeason.year, date.startOfSeason.month]
    case .year: return [date.year]
    case .hourOfDay: return [date.hour]
    case .dayOfYear: return [calendar.dayOfYear(date) ?? 0]
    case .monthOfYear: return [date.month]
    case .seasonOfYear: return [date.season]
    }
  }

  /// The period of that kind in which a date lies; nil out of range.
  public func period(of date: CFDate, _ grouping: TimeGrouping) -> (start: CFDate, end: CFDate)? {
    let start: CFDate
    let end: CFDate?
    switch grouping {
    case .hour, .hourOfDay:
      start = CFDate(date.year, date.month, date.day, date.hour)
      end = calendar.microseconds(start).flatMap { calendar.date(microseconds: $0 + 3_600_000_000) }
    case .day, .dayOfYear:
      start = date.startOfDay
      end = calendar.adding(days: 1, to: start)
    case .month, .monthOfYear:
      start = date.startOfMonth
      end = calendar.adding(months: 1, to: start)
    case .season, .seasonOfYear:
      start = date.startOfSeason
      end = calendar.adding(months: 3, to: start)
    case .year:
      start = date.startOfYear
      end = calendar.adding(months: 12, to: start)
    }
    return end.map { (start, $0) }
  }
}
