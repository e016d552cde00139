import GridFiles

/// The time axis as it is written: as it came wherever readers can take it so, else counted in days.
struct OutputTime {
  var units: String
  var calendar: String
  var values: [Double]
  var bounds: [Double]?
  var comment: String?
  /// Nil for calendar `none`.
  var reference: TimeReference?

  /// - Throws: `GridError` when values are not dates, or do not increase or decrease throughout.
  init(_ time: TimeAxis) throws(GridError) {
    (units, calendar, values, bounds) = (time.units, time.calendar.rawValue, time.values, time.bounds)
    for index in values.indices.dropFirst() where !(values[index] > values[index - 1]) {
      throw GridError(
        "the time steps do not increase: \(values[index - 1]) is followed by \(values[index])",
        subject: time.name,
        remedy: "give the files in the order of time, without overlap")
    }
    if let bounds, bounds.count != 2 * values.count {
      throw GridError("the time has \(values.count) steps but \(bounds.count) bounds", subject: time.name)
    }
    guard time.calendar != .none else { return }
    let reference = try time.reference()
    self.reference = reference
    for value in values { _ = try reference.date(value) }
    if reference.origin.year <= 0, time.calendar == .standard || time.calendar == .julian {
      try moveOutOfYearZero(reference)
    } else if !Self.isPlain(units, reference) {
      try count(inDaysFrom: reference)
    }
  }

  /// Units that every reader takes: a fixed unit by its common name, since a whole date.
  private static func isPlain(_ units: String, _ reference: TimeReference) -> Bool {
    guard case .fixed = reference.unit, reference.origin.year > 0, Units.isValid(units) else { return false }
    let words = units.split(separator: " ")
    guard words.count >= 3, words.count <= 4, words[1] == "since" else { return false }
    let names: Set<String> = [
      "days", "day", "hours", "hour", "minutes", "minute", "seconds", "second", "d", "h", "hr", "s", "sec",
      "min",
    ]
    let date = words[2].split(separator: "-")
    guard names.contains(String(words[0])), date.count == 3, date[0].utf8.count == 4 else { return false }
    return words.dropFirst(2).allSatisfy { word in
      word.utf8.allSatisfy { (48...58).contains($0) || $0 == 45 || $0 == 46 }
    } && !(words.count == 4 && words[3].contains("-"))
  }

  private mutating func count(inDaysFrom old: TimeReference) throws(GridError) {
    let lengths: [Int64: String] = [
      86_400_000_000: "days", 3_600_000_000: "hours", 60_000_000: "minutes", 1_000_000: "seconds",
    ]
    if case .fixed(let length) = old.unit, let name = lengths[length] {
      // The same numbers under a plainer text.
      units = "\(name) since \(old.origin.udunits)"
      reference = try TimeReference(units, calendar: old.calendar)
      return
    }
    let units = "days since \(old.origin.udunits)"
    try recount(old, as: try TimeReference(units, calendar: old.calendar)) { $0 }
    comment = "counted in `\(self.units)` in the input"
    self.units = units
  }

  /// Year 0 stands for "any year" in old climatologies and is not in these calendars: the same months, days and
  /// hours are written in year 1 and after.
  private mutating func moveOutOfYearZero(_ old: TimeReference) throws(GridError) {
    let shift = 12 * (1 - old.origin.year)
    guard let origin = old.calendar.adding(months: shift, to: old.origin) else {
      throw GridError("the reference date \(old.origin) is out of range", subject: "time")
    }
    let units = "days since \(origin.udunits)"
    try recount(old, as: try TimeReference(units, calendar: old.calendar)) {
      old.calendar.adding(months: shift, to: $0)
    }
    comment =
      "climatological year: `\(self.units)` in the input, year \(old.origin.year) written as year \(origin.year)"
    self.units = units
  }

  private mutating func recount(
    _ old: TimeReference, as new: TimeReference, _ move: (CFDate) -> CFDate?
  ) throws(GridError) {
    func convert(_ value: Double) throws(GridError) -> Double {
      guard let date = move(try old.date(value)) else {
        throw GridError("the time \(value) is out of range", subject: "time")
      }
      return try new.value(date)
    }
    for index in values.indices { values[index] = try convert(values[index]) }
    if var moved = bounds {
      for index in moved.indices { moved[index] = try convert(moved[index]) }
      bounds = moved
    }
    reference = new
  }
}
