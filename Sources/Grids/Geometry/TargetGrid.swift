#if canImport(Glibc)
  import Glibc
#endif

/// First and last value and step of an axis, degrees.
public struct AxisSteps: Sendable, Hashable {
  public var first: Double
  public var last: Double
  public var step: Double
  public init(first: Double, last: Double, step: Double) {
    (self.first, self.last, self.step) = (first, last, step)
  }

  /// - Throws: when the step does not lead from first to last, or there are more than a million values.
  func values(_ name: String) throws(GridError) -> [Double] {
    guard first.isFinite, last.isFinite, step.isFinite else {
      throw GridError("`\(name)` is not finite", subject: name)
    }
    if first == last { return [first] }
    let size = abs(step)
    guard size > 0 else { throw GridError("the step of `\(name)` is 0", subject: name) }
    let steps = abs(last - first) / size
    guard steps < 1e6, let count = Int(exactly: (steps + 1e-6).rounded(.down)) else {
      throw GridError("`\(name)` has more than a million values", subject: name, remedy: "use a larger step")
    }
    guard abs(steps - Double(count)) < 1e-6 else {
      throw GridError(
        "the step \(step) does not lead from \(first) to \(last)", subject: name,
        remedy: "the last value reached is \(first + (last < first ? -1 : 1) * Double(count) * size)")
    }
    // From the first value each time, so that no rounding gathers; a step like 0.1 by division.
    let inverse = (1 / size).rounded()
    let direction: Double = last < first ? -1 : 1
    return (0...count).map { k in
      abs(1 / size - inverse) < 1e-9 * inverse
        ? first + direction * Double(k) / inverse : first + direction * Double(k) * size
    }
  }
}

extension Grid {
  /// A regular grid with bounds, from first and last values and steps.
  public static func regular(latitude: AxisSteps, longitude: AxisSteps) throws(GridError) -> Grid {
    let rows = try latitude.values("latitude"), columns = try longitude.values("longitude")
    guard rows.allSatisfy({ abs($0) <= 90 }) else {
      throw GridError(
        "a latitude is beyond a pole: \(latitude.first) to \(latitude.last)", subject: "latitude")
    }
    guard columns.allSatisfy({ abs($0) <= 720 }), abs(longitude.last - longitude.first) <= 360 else {
      throw GridError(
        "the longitudes \(longitude.first) to \(longitude.last) span more than 360 degrees",
        subject: "longitude")
    }
    return try regular(
      rows, columns, kind: .regular, rowStep: abs(latitude.step), columnStep: abs(longitude.step))
  }

  /// - Parameter rowStep: the height of cells; nil (Gaussian) takes the middles between rows.
  static func regular(
    _ rows: [Double], _ columns: [Double], kind: Kind, rowStep: Double?, columnStep: Double
  ) throws(GridError) -> Grid {
    let (product, overflow) = rows.count.multipliedReportingOverflow(by: columns.count)
    guard !overflow, product < Int(Int32.max), product > 0 else {
      throw GridError("a target grid of \(rows.count) x \(columns.count) cells cannot be made")
    }
    let y = Axis(
      name: "lat", kind: .latitude, standardName: "latitude", longName: "latitude", units: "degrees_north",
      values: rows)
    let x = Axis(
      name: "lon", kind: .longitude, standardName: "longitude", longName: "longitude", units: "degrees_east",
      values: columns)
    var grid = Grid(kind: kind, y: y, x: x)
    let west = columns.count > 1 && columns[1] < columns[0] ? -columnStep / 2 : columnStep / 2
    grid.x.bounds = columns.flatMap { [$0 - west, $0 + west] }
    if let rowStep {
      let south = rows.count > 1 && rows[1] < rows[0] ? -rowStep / 2 : rowStep / 2
      grid.y.bounds = rows.flatMap { [max(-90, min(90, $0 - south)), max(-90, min(90, $0 + south))] }
    }
    return try grid.withBounds()
  }

  /// A global grid by its short name, with the meanings of CDO:
  /// `r360x180` (regular, first longitude 0, first latitude -90 + step/2), `global_2.5` (regular, from
  /// -180 + step/2 and -90 + step/2), `n80` or `F80` (regular Gaussian, 4n columns from 0, 2n rows from north).
  /// - Throws: `GridError` that lists the forms when the text is none of them.
  public static func named(_ text: String) throws(GridError) -> Grid {
    let wrong = GridError(
      "`\(text)` is no grid", subject: text,
      remedy: "known are r360x180 (columns x rows), global_1.5 (step in degrees) and n80 (Gaussian)")
    if text.hasPrefix("global_") {
      guard let step = Double(text.dropFirst(7)), step.isFinite, step >= 0.001, step <= 90,
        let rows = Int(exactly: (180 / step).rounded()), abs(Double(rows) * step - 180) < 1e-6,
        let columns = Int(exactly: (360 / step).rounded())
      else { throw wrong }
      return try regular(
        (0..<rows).map { -90 + 180 * (Double($0) + 0.5) / Double(rows) },
        (0..<columns).map { -180 + 360 * (Double($0) + 0.5) / Double(columns) }, kind: .regular,
        rowStep: 180 / Double(rows), columnStep: 360 / Double(columns))
    }
    if text.hasPrefix("r") {
      let parts = text.dropFirst().split(separator: "x", omittingEmptySubsequences: false)
      guard parts.count == 2, let columns = Int(parts[0]), let rows = Int(parts[1]), columns > 0, rows > 0,
        columns <= 1_000_000, rows <= 1_000_000
      else { throw wrong }
      return try regular(
        (0..<rows).map { -90 + 180 * (Double($0) + 0.5) / Double(rows) },
        (0..<columns).map { 360 * Double($0) / Double(columns) }, kind: .regular,
        rowStep: 180 / Double(rows), columnStep: 360 / Double(columns))
    }
    if text.hasPrefix("n") || text.hasPrefix("F") {
      guard let n = Int(text.dropFirst()), n > 0, n <= 4000 else { throw wrong }
      return try regular(
        gaussianLatitudes(2 * n), (0..<4 * n).map { 360 * Double($0) / Double(4 * n) }, kind: .gaussian,
        rowStep: nil, columnStep: 90 / Double(n))
    }
    throw wrong
  }

  /// The latitudes of a Gaussian grid from north to south: arc sines of the roots of the Legendre polynomial
  /// of that degree, by Newton's method.
  public static func gaussianLatitudes(_ count: Int) -> [Double] {
    guard count > 0 else { return [] }
    return (0..<count).map { k in
      var z = cos(Double.pi * (Double(k) + 0.75) / (Double(count) + 0.5))
      for _ in 0..<100 {
        var p = 1.0, before = 0.0
        for m in 1...count {
          (p, before) = (((2 * Double(m) - 1) * z * p - (Double(m) - 1) * before) / Double(m), p)
        }
        let slope = Double(count) * (z * p - before) / (z * z - 1)
        let change = p / slope
        z -= change
        if abs(change) < 1e-15 { break }
      }
      return asin(z) / Angle.degree
    }
  }
}
