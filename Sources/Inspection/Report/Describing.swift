import Basics
import GridFiles
import Grids

/// How the values of an axis run, said in one line.
struct AxisSummary: Sendable {
  let count: Int
  let first: Double?
  let last: Double?
  /// The step when it is even.
  let step: Double?
  /// The lowest and highest step when it is not.
  let steps: ClosedRange<Double>?

  init(_ values: [Double]) {
    count = values.count
    first = values.first
    last = values.last
    var (low, high) = (Double.infinity, -Double.infinity)
    for (a, b) in zip(values, values.dropFirst()) where (b - a).isFinite {
      (low, high) = (min(low, b - a), max(high, b - a))
    }
    if low <= high, let first, let last {
      let mean = (last - first) / Double(values.count - 1)
      // Stored in float32, or as thirds.
      let tolerance = max(abs(mean) * 1e-3, max(abs(first), abs(last)) * 2.4e-7)
      if high - low <= 2 * tolerance {
        (step, steps) = (mean, nil)
      } else {
        (step, steps) = (nil, low...high)
      }
    } else {
      (step, steps) = (nil, nil)
    }
  }

  /// `-90 to 90 by 2.5`, `1000, 850, 500`.
  func text(_ values: [Double], units: String?) -> String {
    let unit = units.map { $0.isEmpty || $0 == "1" ? "" : " " + Self.symbol($0) } ?? ""
    guard let first, let last else { return "empty" }
    if count == 1 { return short(first) + unit }
    if count == 2 { return values.map(short).joined(separator: ", ") + unit }
    if let step { return "\(short(first)) to \(short(last)) by \(short(rounded(step)))\(unit)" }
    if count <= 8 { return values.map(short).joined(separator: ", ") + unit }
    if let steps {
      let (low, high) = (abs(steps.lowerBound), abs(steps.upperBound))
      return
        "\(short(first)) to \(short(last))\(unit), steps \(short(min(low, high))) to \(short(max(low, high)))"
    }
    return "\(short(first)) to \(short(last))\(unit)"
  }

  private func rounded(_ step: Double) -> Double {
    Double(Float(step * 1e5).rounded()) / 1e5 == 0 ? step : (step * 1e5).rounded() / 1e5
  }

  private static func symbol(_ units: String) -> String {
    if CoordinateKind.latitudeUnits.contains(units) || CoordinateKind.longitudeUnits.contains(units)
      || units == "degrees" || units == "degree"
    {
      return "°"
    }
    return printable(units, limit: 40)
  }

  var json: JSONValue {
    .object([
      ("count", .integer(count)), ("first", .real(first)), ("last", .real(last)), ("step", .real(step)),
      ("minimumStep", .real(steps?.lowerBound)), ("maximumStep", .real(steps?.upperBound)),
    ])
  }
}

extension Grid {
  /// True when the columns go once around the Earth.
  var goesAround: Bool {
    guard isRectilinear, nx > 1, let step = AxisSummary(x.values).step else { return false }
    return abs(abs(step) * Double(nx) - 360) < abs(step) / 2
  }

  /// `regular`, in words.
  var kindText: String {
    switch kind {
    case .regular: "regular latitude-longitude"
    case .gaussian: "Gaussian"
    case .rotatedPole: "rotated pole"
    case .projected: "projected" + (mapping?.name.map { " (" + printable($0, limit: 40) + ")" } ?? "")
    case .curvilinear: "curvilinear"
    case .points: "points"
    case .bare: "without a place on the Earth"
    }
  }

  /// The lowest and highest latitude, and longitudes as stored.
  var extent: (latitudes: ClosedRange<Double>, longitudes: ClosedRange<Double>)? {
    func range(_ values: [Double]) -> ClosedRange<Double>? {
      var (low, high) = (Double.infinity, -Double.infinity)
      for value in values where value.isFinite { (low, high) = (min(low, value), max(high, value)) }
      return low <= high ? low...high : nil
    }
    let (rows, columns) = isRectilinear ? (y.values, x.values) : (latitudes, longitudes)
    guard kind != .bare, let latitudes = range(rows), let longitudes = range(columns) else { return nil }
    return (latitudes, longitudes)
  }
}

extension TimeAxis {
  /// First and last date and the step, or why there are none.
  var summary: (first: String?, last: String?, step: String?, iso: String?, problem: String?) {
    guard count > 0 else { return (nil, nil, nil, nil, "empty") }
    do {
      let first = try date(at: 0)
      let last = try date(at: count - 1)
      let step = try step()
      let text: String? =
        switch step {
        case .single: nil
        default: step.description
        }
      return (first.description, last.description, text, step.isoDuration, nil)
    } catch {
      return (nil, nil, nil, nil, error.cause)
    }
  }
}

extension Variable {
  var chunks: [Int]? {
    if case .chunked(let chunks) = storage { return chunks }
    return nil
  }

  /// `contiguous`, `chunks 1 x 73 x 144, shuffle, deflate 4`.
  var storageText: String {
    var parts: [String] = []
    switch storage {
    case .contiguous: parts.append("contiguous")
    case .compact: parts.append("compact")
    case .records: parts.append("record by record")
    case .chunked(let chunks): parts.append("chunks " + chunks.map(String.init).joined(separator: " x "))
    }
    parts += filters.map(\.text)
    if byteOrder == .big, type.size ?? 1 > 1, chunks != nil { parts.append("big-endian") }
    return parts.joined(separator: ", ")
  }

  /// Bytes of the values as they are in memory; nil for texts of any length and overflow.
  var rawBytes: Int64? {
    guard let size = type.size else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    return overflow ? nil : Int64(bytes)
  }

  /// The physical values that packing can say, the fill value at an end left out; nil when the variable is not packed integers.
  var packedRange: (low: Double, high: Double, step: Double)? {
    let scale = attributes["scale_factor"]?.number ?? 1
    let offset = attributes["add_offset"]?.number ?? 0
    guard attributes["scale_factor"] != nil || attributes["add_offset"] != nil, type.isInteger,
      let size = type.size, size <= 4
    else { return nil }
    let isUnsigned: Bool =
      switch type {
      case .uint8, .uint16, .uint32: true
      default: attributes["_Unsigned"]?.text == "true"
      }
    let values = Double(Int64(1) << Int64(8 * size))
    var low = isUnsigned ? 0 : -values / 2
    var high = low + values - 1
    // Packed in the attributes' own sign.
    for name in ["valid_range", "valid_min", "valid_max"] {
      guard let numbers = attributes[name]?.numbers, !numbers.isEmpty else { continue }
      let physical = numbers.map { isUnsigned && $0 < 0 ? $0 + values : $0 }
      if name != "valid_max", let first = physical.first { low = max(low, first) }
      if name != "valid_min", let last = physical.last { high = min(high, last) }
    }
    if let fill = attributes["_FillValue"]?.number {
      let fill = isUnsigned && fill < 0 ? fill + values : fill
      if fill == low { low += 1 } else if fill == high { high -= 1 }
    }
    let (a, b) = (low * scale + offset, high * scale + offset)
    return (min(a, b), max(a, b), abs(scale))
  }
}

extension Variable.Filter {
  var text: String {
    switch self {
    case .deflate(let level): "deflate \(level)"
    case .shuffle: "shuffle"
    case .fletcher32: "fletcher32"
    case .other(let id, let name): "filter \(id)" + (name.isEmpty ? "" : " (\(printable(name, limit: 40)))")
    }
  }
}
