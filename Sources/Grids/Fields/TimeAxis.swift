/// The time of a field, in the calendar and the reference date of its input.
public struct TimeAxis: Sendable, Hashable {
  public var name: String
  /// As stored: counted in `units` from the reference date.
  public var values: [Double]
  /// Two numbers a step.
  public var bounds: [Double]?
  /// The CF text, kept as it was: `days since 1850-01-01 00:00:00`.
  public var units: String
  public var calendar: CFCalendar
  /// A climatology: bounds are of the kind of CF 7.4, the output names them `climatology_bounds`.
  public var isClimatology: Bool
  public var longName: String?

  public init(
    name: String = "time", values: [Double], bounds: [Double]? = nil, units: String, calendar: CFCalendar,
    isClimatology: Bool = false, longName: String? = nil
  ) {
    (self.name, self.values, self.bounds, self.units) = (name, values, bounds, units)
    (self.calendar, self.isClimatology, self.longName) = (calendar, isClimatology, longName)
  }

  public var count: Int { values.count }
}

/// The calendars of CF 4.4.1.
public enum CFCalendar: String, Sendable, Hashable, CaseIterable {
  case standard
  case prolepticGregorian = "proleptic_gregorian"
  case noLeap = "noleap"
  case allLeap = "all_leap"
  case day360 = "360_day"
  case julian
  case none

  /// The calendar of an attribute `calendar`; nil when CF does not know the name.
  public init?(cfName: String) {
    switch cfName.lowercased() {
    case "standard", "gregorian": self = .standard
    case "proleptic_gregorian": self = .prolepticGregorian
    case "noleap", "365_day": self = .noLeap
    case "all_leap", "366_day": self = .allLeap
    case "360_day": self = .day360
    case "julian": self = .julian
    case "none": self = .none
    default: return nil
    }
  }
}
