import GridFiles
import Grids

/// CF 4.4: time without calendar sense.
extension Checker {
  mutating func checkTime() {
    for variable in view.variables where !variable.type.isText && !view.isBounds(variable) {
      let units = variable.attributes["units"]?.text ?? ""
      let name = variable.attributes["standard_name"]?.text.flatMap(StandardNames.read)?.name
      let isTime = name == "time" || name == "forecast_reference_time"
      let isAxis = variable.attributes["axis"]?.text == "T" && view.isCoordinate(variable)
      if CoordinateKind.isTimeUnits(units) {
        checkReference(variable, units)
      } else if isTime || (isAxis && name == nil) {
        error(
          "4.4", variable, "units", units.isEmpty ? "are missing" : "have no reference date",
          expected: "as in `days since 1850-01-01`", found: units.isEmpty ? nil : "\"\(units)\"")
      } else if let calendar = variable.attributes["calendar"] {
        warning("4.4.1", variable, "calendar", "stands at a variable that is no time", found: calendar.shown)
      }
    }
  }

  /// The calendar of a time variable: `standard` where none is named, nil where it is unknown.
  static func calendar(_ variable: Variable) -> CFCalendar? {
    guard let attribute = variable.attributes["calendar"] else { return .standard }
    return attribute.text.flatMap(CFCalendar.init(cfName:))
  }

  private mutating func checkReference(_ variable: Variable, _ units: String) {
    let isCustom =
      variable.attributes["month_lengths"] != nil
      && variable.attributes["calendar"]?.text.flatMap(CFCalendar.init(cfName:)) == nil
    if let attribute = variable.attributes["calendar"] {
      guard let text = requiredText(variable, "calendar", "4.4.1") else { return }
      if CFCalendar(cfName: text) == nil, !isCustom {
        error(
          "4.4.1", variable, "calendar", "is unknown",
          expected: CFCalendar.allCases.map(\.rawValue).joined(separator: ", "), found: attribute.shown)
        return
      }
      if text.lowercased() == "gregorian" {
        warning("4.4.1", variable, "calendar", "is the old name", expected: "standard", found: text)
      }
    } else {
      warning("4.4.1", variable, "calendar", "is missing: standard is assumed", expected: "standard")
    }
    if isCustom {
      let lengths = variable.attributes["month_lengths"]?.numbers ?? []
      if lengths.count != 12 {
        error(
          "4.4.1", variable, "month_lengths", "has not 12 values", expected: "12", found: "\(lengths.count)")
      }
      return
    }
    guard let calendar = Self.calendar(variable), calendar != .none else { return }
    do {
      let reference = try TimeReference(units, calendar: calendar)
      if case .months = reference.unit {
        warning(
          "4.4", variable, "units", "count months or years, which have no fixed length", expected: "days",
          found: units)
      }
      // Text, because years of the reference are moved by one where CF has no year 0.
      let date = units.split(whereSeparator: \.isWhitespace).dropFirst(2).first ?? ""
      if calendar == .standard || calendar == .julian,
        ["0", "00", "000", "0000"].contains(date.prefix(while: { $0 != "-" }))
      {
        warning(
          "4.4.1", variable, "units", "refer to year 0, which this calendar has not (a COARDS climatology)",
          expected: "the attribute climatology", found: units)
      }
    } catch {
      self.error(
        "4.4", variable, "units", error.cause, expected: "as in `days since 1850-01-01 00:00:00`",
        found: "\"\(units)\"")
    }
  }
}
