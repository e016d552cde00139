import Grids

/// How a stream lies on the axes of another: axes that it does not have are repeated.
struct Alignment: Sendable, Hashable {
  var repeatsTime: Bool
  var repeatsLayers: Bool

  /// The part of the stream under a region of the reference, for those variables of the stream.
  func region(_ region: Region, variables: Range<Int>) -> Region {
    Region(
      variables: variables, times: repeatsTime ? 0..<1 : region.times,
      layers: repeatsLayers ? 0..<1 : region.layers, rows: region.rows, columns: region.columns)
  }

  /// - Throws: `PlanError` at the stream's mark, saying what differs, when it does not lie on the time steps,
  ///   the layers and the grid of the reference.
  init(
    of stream: StageInputs.Stream, on reference: Description, named referenceName: String
  ) throws(PlanError) {
    let description = stream.description
    if let difference = description.grid.difference(from: reference.grid) {
      throw PlanError(
        "`\(stream.name)` and `\(referenceName)` are on different grids: \(difference)", at: stream.mark,
        subject: stream.name, remedy: "regrid one to the other first (`regrid: {to: ...}`)")
    }
    switch (description.time, reference.time) {
    case (nil, _): repeatsTime = true
    case (let time?, nil):
      throw PlanError(
        "`\(stream.name)` has \(time.count) time steps and `\(referenceName)` has no time axis",
        at: stream.mark, subject: stream.name)
    case (let time?, let other?):
      if let difference = time.difference(from: other) {
        throw PlanError(
          "`\(stream.name)` and `\(referenceName)` differ in time: \(difference)", at: stream.mark,
          subject: stream.name,
          remedy: time.count == 1
            ? "an input that holds for all times needs `static: true`" : "select the same times in both")
      }
      repeatsTime = false
    }
    repeatsLayers = description.layers.isEmpty && !reference.layers.isEmpty
    if !repeatsLayers, let difference = Self.difference(description.layers, reference.layers) {
      throw PlanError(
        "`\(stream.name)` and `\(referenceName)` have different levels: \(difference)", at: stream.mark,
        subject: stream.name, remedy: "select the same levels in both")
    }
  }

  private static func difference(_ a: [Axis], _ b: [Axis]) -> String? {
    guard a.count == b.count else {
      func names(_ axes: [Axis]) -> String {
        axes.isEmpty ? "none" : axes.map(\.name).joined(separator: ", ")
      }
      return "\(names(a)) and \(names(b))"
    }
    for (one, other) in zip(a, b) {
      guard one.count == other.count else { return "\(one.count) and \(other.count) on `\(one.name)`" }
      if one.labels != other.labels { return "other labels on `\(one.name)`" }
      guard one.kind != .index, other.kind != .index else { continue }
      var conversion: UnitConversion?
      if let from = one.units, let to = other.units, from != to {
        guard let known = try? UnitConversion(from: from, to: to) else {
          return "`\(one.name)` is in \(from) and \(to)"
        }
        conversion = known
      }
      for (x, y) in zip(one.values, other.values) {
        let value = conversion.map { $0.factor * x + $0.offset } ?? x
        if abs(value - y) > 1e-6 * max(abs(value), abs(y)) {
          return "\(value.plain) and \(y.plain) on `\(one.name)`"
        }
      }
    }
    return nil
  }
}

extension Grid {
  /// What differs between two grids, nil when their cells lie in the same places. Names and attributes are
  /// not compared; positions may differ by the rounding of float32 coordinates.
  func difference(from other: Grid) -> String? {
    guard ny == other.ny, nx == other.nx else { return "\(ny) x \(nx) and \(other.ny) x \(other.nx) cells" }
    if kind == .bare || other.kind == .bare { return nil }
    if isRectilinear != other.isRectilinear { return "\(kind.rawValue) and \(other.kind.rawValue)" }
    func firstDifference(_ a: [Double], _ b: [Double], _ what: String) -> String? {
      guard a.count == b.count else { return "\(a.count) and \(b.count) values of \(what)" }
      for (x, y) in zip(a, b) where !(abs(x - y) <= 2e-6 * max(abs(x), abs(y), 1)) {
        return "\(what) \(x.plain) and \(y.plain)"
      }
      return nil
    }
    if isRectilinear {
      return firstDifference(y.values, other.y.values, "latitude")
        ?? firstDifference(x.values, other.x.values, "longitude")
    }
    return firstDifference(latitudes, other.latitudes, "latitude")
      ?? firstDifference(longitudes, other.longitudes, "longitude")
  }
}

extension TimeAxis {
  /// What differs between two time axes, nil when they are the same steps in the same calendar.
  func difference(from other: TimeAxis) -> String? {
    guard calendar == other.calendar else {
      return "the calendars are \(calendar.rawValue) and \(other.calendar.rawValue)"
    }
    guard count == other.count else { return "\(count) and \(other.count) steps" }
    if units != other.units { return instantDifference(from: other) }
    for (index, (a, b)) in zip(values, other.values).enumerated()
    where !(abs(a - b) <= 1e-9 * max(abs(a), 1)) {
      return "step \(index + 1) is \(a.plain) and \(b.plain) \(units)"
    }
    return nil
  }

  /// As dates, when the two count from different dates or in different units; to the second.
  private func instantDifference(from other: TimeAxis) -> String? {
    do {
      let (one, two) = (try reference(), try other.reference())
      for (index, (a, b)) in zip(values, other.values).enumerated() {
        let (x, y) = (try one.ticks(a), try two.ticks(b))
        if x.subtractingReportingOverflow(y).partialValue.magnitude > 1_000_000 {
          return "step \(index + 1) is \(try one.date(a)) and \(try two.date(b))"
        }
      }
      return nil
    } catch {
      return "counted in \(units) and \(other.units)"
    }
  }
}
