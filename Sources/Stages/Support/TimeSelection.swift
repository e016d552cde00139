import Grids

/// Which time steps `from`, `to`, `months`, `seasons`, `times` and `step` choose.
struct TimeSelection {
  let arguments: Arguments
  static let keys = ["from", "to", "months", "seasons", "times", "step"]
  init(_ arguments: Arguments) { self.arguments = arguments }

  func indices(of stream: StageInputs.Stream) throws(PlanError) -> [Int] {
    let given = Self.keys.filter { arguments.value($0) != nil }
    guard let time = stream.description.time else {
      if let key = given.first {
        throw PlanError("`\(stream.name)` has no time axis", at: arguments.mark(key), subject: "time")
      }
      return [0]
    }
    guard !given.isEmpty else { return Array(0..<time.count) }
    var indices = Array(0..<time.count)
    if let range = try IndexRange.read(arguments, "times", count: time.count, what: "step") {
      indices = Array(range)
    }
    if given.contains(where: { ["from", "to", "months", "seasons"].contains($0) }) {
      try selectDates(&indices, time)
      guard !indices.isEmpty else {
        let marked = given.first { $0 != "step" && $0 != "times" } ?? given[0]
        throw PlanError(
          "no time step of `\(stream.name)` is selected", at: arguments.mark(marked), subject: "time",
          remedy: "it has \(period(of: time))")
      }
    }
    if let step = arguments.value("step") {
      guard let stride = step.integer, stride >= 1 else {
        throw PlanError("`step` must be 1 or more", at: step.mark)
      }
      indices = Swift.stride(from: 0, to: indices.count, by: stride).map { indices[$0] }
    }
    return indices
  }

  private func selectDates(_ indices: inout [Int], _ time: TimeAxis) throws(PlanError) {
    let dates: [CFDate]
    do { dates = try time.representativeDates() } catch {
      throw PlanError(error.cause, at: arguments.mark, subject: "time", remedy: error.remedy)
    }
    if let from = try date("from", time.calendar)?.start { indices.removeAll { dates[$0] < from } }
    if let to = try date("to", time.calendar) {
      indices.removeAll { to.isInstant ? dates[$0] > to.end : dates[$0] >= to.end }
    }
    if let months = try months() { indices.removeAll { !months.contains(dates[$0].month) } }
  }

  /// The period that a date names: a year, a month, a day, or an instant.
  private func date(
    _ key: String, _ calendar: CFCalendar
  ) throws(PlanError) -> (start: CFDate, end: CFDate, isInstant: Bool)? {
    guard let value = arguments.value(key) else { return nil }
    let text = value.text ?? ""
    guard let start = CFDate(text, calendar: calendar) else {
      throw PlanError(
        "`\(key)`: `\(text)` is no date in the calendar \(calendar.rawValue)", at: value.mark,
        remedy: "dates are written as 2006, 2006-03, 2006-03-15 or 2006-03-15T12:00")
    }
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    let fields = digits.split(separator: "-", omittingEmptySubsequences: false)
    let isInstant = text.contains { "T_: tZ".contains($0) }
    var end: CFDate? = start
    if !isInstant {
      switch fields.count {
      case 1 where digits.count == 8: end = calendar.adding(days: 1, to: start)
      case 1: end = calendar.adding(months: 12, to: start)
      case 2: end = calendar.adding(months: 1, to: start)
      default: end = calendar.adding(days: 1, to: start)
      }
    }
    guard let end else { throw PlanError("`\(key)`: `\(text)` is out of range", at: value.mark) }
    return (start, end, isInstant)
  }

  private func months() throws(PlanError) -> Set<Int>? {
    guard arguments.value("months") != nil || arguments.value("seasons") != nil else { return nil }
    var months: Set<Int>?
    if let list = arguments.list("months") {
      var chosen: Set<Int> = []
      for value in list { chosen.insert(try Self.month(value)) }
      months = chosen
    }
    if let list = arguments.list("seasons") {
      var chosen: Set<Int> = []
      for value in list { chosen.formUnion(try Self.season(value)) }
      months = months.map { $0.intersection(chosen) } ?? chosen
    }
    return months
  }

  private static let names = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
  ]

  static func month(_ value: ConfigValue) throws(PlanError) -> Int {
    let text = (value.text ?? "").lowercased()
    if let number = Int(text), (1...12).contains(number) { return number }
    if text.utf8.count >= 3, let index = names.firstIndex(where: { $0.hasPrefix(text) }) { return index + 1 }
    throw PlanError("`\(text)` is no month", at: value.mark, remedy: "1 to 12, or jan to dec")
  }

  /// Months by their initials in a row: DJF is December, January, February.
  static func season(_ value: ConfigValue) throws(PlanError) -> Set<Int> {
    let text = Array((value.text ?? "").uppercased())
    let initials = Array("JFMAMJJASONDJFMAMJJASOND")
    if text.count >= 3, text.count <= 12 {
      for start in 0..<12 where Array(initials[start..<start + text.count]) == text {
        return Set((start..<start + text.count).map { $0 % 12 + 1 })
      }
    }
    throw PlanError(
      "`\(value.text ?? "")` is no season", at: value.mark,
      remedy: "initials of three or more months in a row: DJF, MAM, JJA, SON, JJAS")
  }

  private func period(of time: TimeAxis) -> String {
    guard let dates = try? time.representativeDates(), let first = dates.min(), let last = dates.max() else {
      return "\(time.count) steps"
    }
    return "\(time.count) steps from \(first) to \(last) (calendar \(time.calendar.rawValue))"
  }
}
