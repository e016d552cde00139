import GridFiles

extension CoordinateReader {
  /// The time axis of a coordinate variable; nil, with a note, when its numbers have no dates.
  func timeAxis(_ entry: Scope.Entry) async throws -> TimeAxis? {
    if entry.isCharacters { return try await textTimes(entry) }
    guard entry.type.isNumeric else { return nil }
    guard let units = entry.text("units") else {
      note(.error, entry.path, "the time has no `units`, so its numbers are no dates")
      return nil
    }
    let calendarName = entry.text("calendar")
    var calendar = CFCalendar.standard
    if let calendarName {
      guard let known = CFCalendar(cfName: calendarName) else {
        note(.error, "\(entry.path):calendar", "CF has no calendar `\(calendarName)`")
        return nil
      }
      calendar = known
    }
    if calendar != .none {
      do {
        let reference = try TimeReference(units, calendar: calendar)
        if case .months = reference.unit {
          note(
            .assumed, "\(entry.path):units",
            "`\(units)` is counted in whole months of the calendar, not in UDUNITS' mean months")
        }
        if reference.origin.year == 0, calendar == .standard || calendar == .julian {
          note(
            .warning, "\(entry.path):units",
            "the reference year 0 is not in the calendar `\(calendar.rawValue)`: taken as a climatology in the "
              + "year before year 1")
        }
      } catch {
        note(.error, "\(entry.path):units", error.cause)
        return nil
      }
    }
    let values = try await values(entry)
    check(monotonic: values, entry, strictly: true)
    if !values.allSatisfy(\.isFinite) { return nil }
    let isClimatology = entry.attributes["climatology"] != nil
    let bounds = try await bounds(
      of: entry, count: values.count, attribute: isClimatology ? "climatology" : "bounds")
    let axis = TimeAxis(
      name: entry.name, values: values, bounds: bounds, units: units, calendar: calendar,
      isClimatology: isClimatology && bounds != nil, longName: entry.text("long_name"))
    if calendar != .none {
      do {
        // Every number is a date, bounds too.
        let reference = try axis.reference()
        for value in [values, bounds ?? []].joined() { _ = try reference.date(value) }
      } catch {
        note(.error, entry.path, error.cause)
        return nil
      }
    }
    return axis
  }

  /// Dates as text (WRF's `Times`): counted in hours from the first day.
  private func textTimes(_ entry: Scope.Entry) async throws -> TimeAxis? {
    let texts = try await strings(entry)
    let calendar = entry.text("calendar").flatMap { CFCalendar(cfName: $0) } ?? .standard
    var dates: [CFDate] = []
    for text in texts {
      guard let date = CFDate(text, calendar: calendar) else {
        note(
          .error, entry.path, "the time `\(text.prefix(40))` is no date of calendar `\(calendar.rawValue)`")
        return nil
      }
      dates.append(date)
    }
    let origin = dates.first?.startOfDay ?? CFDate(1970)
    let units = "hours since \(origin.udunits)"
    let reference = try TimeReference(units, calendar: calendar)
    var values: [Double] = []
    for date in dates { values.append(try reference.value(date)) }
    note(.assumed, entry.path, "the times are text; counted as `\(units)` in calendar `\(calendar.rawValue)`")
    check(monotonic: values, entry, strictly: true)
    return TimeAxis(name: "time", values: values, units: units, calendar: calendar)
  }

  /// Notes missing values and values out of order. True when all is well.
  @discardableResult
  func check(monotonic values: [Double], _ entry: Scope.Entry, strictly: Bool) -> Bool {
    guard values.allSatisfy(\.isFinite) else {
      note(.error, entry.path, "the coordinate has missing or infinite values")
      return false
    }
    guard values.count > 1 else { return true }
    let rises = values[1] > values[0]
    for index in 1..<values.count {
      let (a, b) = (values[index - 1], values[index])
      if a == b || (b > a) != rises {
        note(
          .error, entry.path,
          "the coordinate is not monotonic: \(a) is followed by \(b) at index \(index)")
        return false
      }
    }
    return true
  }
}
