import Grids

/// Steps put together, and the time axis that they give.
struct TimePeriods {
  enum Place: String { case middle, start, end }
  let groups: [[Int]]
  let time: TimeAxis

  /// Periods of the calendar, or parts of a cycle.
  static func calendar(_ time: TimeAxis, _ grouping: TimeGrouping, _ place: Place) throws(GridError)
    -> TimePeriods
  {
    var groups = try time.groups(by: grouping)
    let reference = try time.reference()
    if grouping.isCyclic { return try climatology(time, groups, grouping, place) }
    groups.removeAll { $0.indices.isEmpty }
    var bounds: [(Double, Double)] = []
    for group in groups {
      if let known = sampleBounds(time, group.indices) {
        bounds.append(known)
      } else {
        bounds.append((try reference.value(group.start), try reference.value(group.end)))
      }
    }
    return try TimePeriods(
      groups: groups.map { $0.indices.sorted() }, time: axis(time, bounds, place, isClimatology: false))
  }

  /// One period of everything.
  static func all(_ time: TimeAxis, _ place: Place) throws(GridError) -> TimePeriods {
    let indices = Array(0..<time.count)
    let bounds: (Double, Double)
    if let known = sampleBounds(time, indices) {
      bounds = known
    } else {
      bounds = (time.values.min() ?? 0, time.values.max() ?? 0)
    }
    // A climatology made into one step stays one: its bounds are of that kind.
    return try TimePeriods(
      groups: [indices], time: axis(time, [bounds], place, isClimatology: time.isClimatology))
  }

  /// A running window of whole length.
  static func rolling(_ time: TimeAxis, window: Int, isTrailing: Bool) throws(GridError) -> TimePeriods {
    guard window <= time.count else { return TimePeriods(groups: [], time: time) }
    var groups: [[Int]] = []
    var result = time
    (result.values, result.bounds) = ([], [])
    for start in 0...time.count - window {
      let indices = Array(start..<start + window)
      groups.append(indices)
      let bounds = sampleBounds(time, indices) ?? (time.values[start], time.values[start + window - 1])
      result.bounds? += [bounds.0, bounds.1]
      if isTrailing {
        result.values.append(time.values[start + window - 1])
      } else if window % 2 == 1 {
        result.values.append(time.values[start + window / 2])
      } else {
        result.values.append(
          try middle(time, time.values[start + window / 2 - 1], time.values[start + window / 2]))
      }
    }
    return TimePeriods(groups: groups, time: result)
  }

  /// From the lowest to the highest bound of the samples; nil without bounds.
  private static func sampleBounds(_ time: TimeAxis, _ indices: [Int]) -> (Double, Double)? {
    guard let bounds = time.bounds, bounds.count == 2 * time.count else { return nil }
    let low = indices.map { min(bounds[2 * $0], bounds[2 * $0 + 1]) }.min()
    let high = indices.map { max(bounds[2 * $0], bounds[2 * $0 + 1]) }.max()
    guard let low, let high else { return nil }
    return (low, high)
  }

  private static func middle(_ time: TimeAxis, _ a: Double, _ b: Double) throws(GridError) -> Double {
    let reference = try time.reference()
    if case .months = reference.unit {
      // Months are counted whole: the earlier one stands for the middle.
      return a
    }
    return a + (b - a) / 2
  }

  private static func axis(
    _ time: TimeAxis, _ bounds: [(Double, Double)], _ place: Place, isClimatology: Bool
  ) throws(GridError) -> TimeAxis {
    var result = time
    result.bounds = bounds.flatMap { [$0.0, $0.1] }
    result.isClimatology = isClimatology
    result.values = []
    for (low, high) in bounds {
      switch place {
      case .start: result.values.append(low)
      case .end: result.values.append(high)
      case .middle: result.values.append(try middle(time, low, high))
      }
    }
    return result
  }

  /// CF 7.4: bounds go from the start of the part in its first year to its end in the last year; the time lies
  /// in one year for all parts where that falls within their bounds, so that the axis begins with January.
  private static func climatology(
    _ time: TimeAxis, _ groups: [TimeGroup], _ grouping: TimeGrouping, _ place: Place
  ) throws(GridError) -> TimePeriods {
    let reference = try time.reference()
    let calendar = time.calendar
    struct Part {
      var indices: [Int]
      var bounds: (Double, Double)
      /// The first occurrence.
      var start: CFDate
      var value: Double
    }
    var parts: [Part] = []
    for group in groups where !group.indices.isEmpty {
      let bounds = (try reference.value(group.start), try reference.value(group.end))
      parts.append(Part(indices: group.indices.sorted(), bounds: bounds, start: group.start, value: 0))
    }
    func value(_ start: CFDate) throws(GridError) -> Double {
      guard let end = time.period(of: start, grouping)?.end else {
        throw GridError("a period of the climatology is out of range", subject: time.name)
      }
      let (low, high) = (try reference.value(start), try reference.value(end))
      switch place {
      case .start: return low
      case .end: return high
      case .middle: return try middle(time, low, high)
      }
    }
    // All in the latest of the first years (or on the latest of the first days, for hours).
    var shared: [Double]? = []
    if grouping == .hourOfDay {
      if let day = parts.map({ $0.start.startOfDay }).max() {
        for part in parts {
          let start = CFDate(day.year, day.month, day.day, part.start.hour)
          shared?.append(try value(start))
        }
      }
    } else if let year = parts.map({ seasonYear($0.start, grouping) }).max() {
      for part in parts {
        var start = part.start
        start.year += year - seasonYear(start, grouping)
        guard calendar.microseconds(start) != nil else { shared = nil; break }
        shared?.append(try value(start))
      }
    }
    if let values = shared, values.count == parts.count,
      zip(values, parts).allSatisfy({ $0 >= $1.bounds.0 && $0 <= $1.bounds.1 }),
      zip(values, values.dropFirst()).allSatisfy({ $0 < $1 })
    {
      for index in parts.indices { parts[index].value = values[index] }
    } else {
      for index in parts.indices { parts[index].value = try value(parts[index].start) }
      parts.sort { $0.value < $1.value }
    }
    var result = time
    result.values = parts.map(\.value)
    result.bounds = parts.flatMap { [$0.bounds.0, $0.bounds.1] }
    result.isClimatology = true
    // `time: mean within years ...` is read literally by programs: the axis must bear that name.
    result.name = "time"
    return TimePeriods(groups: parts.map(\.indices), time: result)
  }

  /// The year to which a part is counted: the December of a winter to the next.
  private static func seasonYear(_ start: CFDate, _ grouping: TimeGrouping) -> Int {
    grouping == .seasonOfYear && start.month == 12 ? start.year + 1 : start.year
  }
}
