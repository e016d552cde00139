/// How far apart the steps of a time axis are.
public enum TimeStep: Sendable, Hashable, CustomStringConvertible {
  /// Fewer than two steps.
  case single
  /// Microseconds.
  case fixed(Int64)
  case months(Int)
  case irregular

  /// `hourly`, `6-hourly`, `daily`, `monthly`, `yearly`, ...
  public var description: String {
    switch self {
    case .single: return "single"
    case .irregular: return "irregular"
    case .months(1): return "monthly"
    case .months(3): return "seasonal"
    case .months(12): return "yearly"
    case .months(let n): return n % 12 == 0 ? "\(n / 12)-yearly" : "\(n)-monthly"
    case .fixed(let ticks):
      for (length, name, plural) in [
        (86_400_000_000 as Int64, "daily", "daily"), (3_600_000_000, "hourly", "hourly"),
        (60_000_000, "every minute", "minute"),
        (1_000_000, "every second", "second"),
      ] where ticks % length == 0 {
        return ticks == length ? name : "\(ticks / length)-\(plural)"
      }
      return "\(Double(ticks) / 1e6) s"
    }
  }

  /// ISO 8601: `P1M`, `PT6H`; nil when there is no constant step.
  public var isoDuration: String? {
    switch self {
    case .single, .irregular: nil
    case .months(let n): n % 12 == 0 ? "P\(n / 12)Y" : "P\(n)M"
    case .fixed(let ticks): isoDurationText(microseconds: ticks)
    }
  }
}

/// `P2DT3H4M5.5S`, ISO 8601.
func isoDurationText(microseconds: Int64) -> String {
  let ticks = microseconds.magnitude
  let days = ticks / 86_400_000_000
  let seconds = ticks / 1_000_000 % 86400
  let fraction = Int(ticks % 1_000_000)
  var time = ""
  if seconds / 3600 > 0 { time += "\(seconds / 3600)H" }
  if seconds / 60 % 60 > 0 { time += "\(seconds / 60 % 60)M" }
  if seconds % 60 > 0 || fraction > 0 {
    time += "\(seconds % 60)"
    if fraction > 0 {
      var digits = padded(fraction, 6)
      while digits.hasSuffix("0") { digits.removeLast() }
      time += "." + digits
    }
    time += "S"
  }
  if days == 0, time.isEmpty { return "PT0S" }
  return "P" + (days > 0 ? "\(days)D" : "") + (time.isEmpty ? "" : "T" + time)
}

extension TimeAxis {
  /// The step of the axis: months when the dates go through the months evenly (their day may differ by three,
  /// as mid-month dates do), else a fixed length, else irregular.
  public func step() throws(GridError) -> TimeStep {
    guard count > 1 else { return .single }
    let reference = try reference()
    var ticks: [Int64] = []
    var dates: [CFDate] = []
    for value in values {
      let tick = try reference.ticks(value)
      guard let date = calendar.date(microseconds: tick) else { return .irregular }
      ticks.append(tick)
      dates.append(date)
    }
    let first = ticks[1] - ticks[0]
    // Steps stored in float32 or as thirds of a day are not exact.
    let tolerance = max(1_000_000, first.magnitude / 10_000)
    let isFixed =
      first != 0
      && (1..<count).allSatisfy { (ticks[$0] - ticks[$0 - 1] - first).magnitude <= tolerance }
    if isFixed, first.magnitude < 27 * 86_400_000_000 {
      return .fixed(Self.rounded(first))
    }
    let months = dates.map { $0.year * 12 + $0.month }
    let monthStep = months[1] - months[0]
    let days = dates.map(\.day)
    if monthStep > 0, let low = days.min(), let high = days.max(), high - low <= 3,
      (1..<count).allSatisfy({ months[$0] - months[$0 - 1] == monthStep })
    {
      return .months(monthStep)
    }
    return isFixed ? .fixed(Self.rounded(first)) : .irregular
  }

  /// To the nearest second when it is that within the tolerance of stored times.
  private static func rounded(_ ticks: Int64) -> Int64 {
    let seconds = (Double(ticks) / 1e6).rounded()
    let whole = Int64(seconds) * 1_000_000
    return whole != 0 && (whole - ticks).magnitude <= 1000 ? whole : ticks
  }
}
