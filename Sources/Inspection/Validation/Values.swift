import Basics
import GridFiles
import Grids

/// What only the values of coordinates can tell: order, gaps, range, dates, and whether bounds hold them.
extension Checker {
  /// Numbers that are held at a time.
  private static let window = 1 << 18

  mutating func checkValues(of file: SourceFile) async throws(FileError) {
    for variable in view.variables where variable.type.isNumeric && variable.count > 0 {
      if view.isCoordinate(variable) {
        try await checkCoordinate(variable, file)
      } else if view.isAuxiliary(variable) {
        try await checkAuxiliary(variable, file)
      }
      if let name = (variable.attributes["bounds"] ?? variable.attributes["climatology"])?.text,
        let bounds = view.find(name, from: variable), variable.attributes["climatology"] == nil
      {
        try await checkEnclosing(variable, bounds, file)
      }
    }
  }

  /// Calls `body` with runs of the values as stored, in order, and the index of the first of each.
  private func forEachWindow(
    _ variable: Variable, _ file: SourceFile, _ body: (Int, [Double]) -> Void
  ) async throws(FileError) {
    guard let first = variable.dimensions.first, first.length > 0 else {
      body(0, try await file.readDoubles(variable))
      return
    }
    let row = variable.count / first.length
    let rows = max(1, Self.window / max(1, row))
    var start = 0
    while start < first.length {
      var slab = Hyperslab(all: variable.extents)
      slab.start[0] = start
      slab.count[0] = min(rows, first.length - start)
      body(start * row, try await file.readDoubles(variable, slab))
      start += slab.count[0]
    }
  }

  /// True for values that say "missing", attributes and the library's own fill value taken together.
  private func isMissing(_ variable: Variable) -> @Sendable (Double) -> Bool {
    let marks =
      (variable.attributes["_FillValue"]?.numbers ?? [])
      + (variable.attributes["missing_value"]?.numbers ?? [])
    let unwritten: Double? =
      switch variable.type {
      case .float32: Double(Float(9.9692099683868690e+36))
      case .float64: 9.9692099683868690e+36
      default: nil
      }
    return { $0.isNaN || marks.contains($0) || $0 == unwritten }
  }

  private static func unpacking(_ variable: Variable) -> (Double) -> Double {
    let scale = variable.attributes["scale_factor"]?.number ?? 1
    let offset = variable.attributes["add_offset"]?.number ?? 0
    return { $0 * scale + offset }
  }

  private mutating func checkCoordinate(_ variable: Variable, _ file: SourceFile) async throws(FileError) {
    let isMissing = isMissing(variable)
    let unpack = Self.unpacking(variable)
    var (missing, previous, direction, broken) = (0, Double?.none, 0.0, Int?.none)
    var (low, high) = (Double.infinity, -Double.infinity)
    try await forEachWindow(variable, file) { start, values in
      for (index, raw) in values.enumerated() {
        if isMissing(raw) {
          missing += 1
          continue
        }
        let value = unpack(raw)
        (low, high) = (min(low, value), max(high, value))
        if let last = previous, broken == nil {
          let step = value - last
          if step == 0 || (direction != 0 && (step > 0) != (direction > 0)) { broken = start + index }
          if direction == 0 { direction = step }
        }
        previous = value
      }
    }
    if missing > 0 {
      error(
        "2.5.1", variable, nil,
        "\(missing) of \(variable.count) values are missing: a coordinate variable has all",
        found: missing == variable.count ? "all missing" : nil)
    }
    if let broken {
      error(
        "1.3", variable, nil, "its values are not strictly monotonic: the order breaks at index \(broken)")
    }
    checkLimits(variable, low, high)
  }

  private mutating func checkAuxiliary(_ variable: Variable, _ file: SourceFile) async throws(FileError) {
    let isMissing = isMissing(variable)
    let unpack = Self.unpacking(variable)
    var (low, high) = (Double.infinity, -Double.infinity)
    try await forEachWindow(variable, file) { _, values in
      for raw in values where !isMissing(raw) {
        let value = unpack(raw)
        (low, high) = (min(low, value), max(high, value))
      }
    }
    checkLimits(variable, low, high)
  }

  /// What values of that kind can be.
  private mutating func checkLimits(_ variable: Variable, _ low: Double, _ high: Double) {
    guard low <= high else { return }
    let kind = CoordinateKind(variable)
    if !low.isFinite || !high.isFinite {
      error("2.5.1", variable, nil, "has infinite values", found: "\(low) to \(high)")
      return
    }
    let units = variable.attributes["units"]?.text ?? ""
    let isDegrees =
      CoordinateKind.latitudeUnits.contains(units) || CoordinateKind.longitudeUnits.contains(units)
    if kind == .latitude, isDegrees, low < -90.000_1 || high > 90.000_1 {
      error(
        "4.1", variable, nil, "has latitudes beyond the poles", expected: "-90 to 90",
        found: "\(low) to \(high)")
    }
    if kind == .longitude, isDegrees, low < -720 || high > 720 || high - low > 720 {
      error("4.2", variable, nil, "has values that are no longitudes", found: "\(low) to \(high)")
    }
    guard CoordinateKind.isTimeUnits(units), let calendar = Self.calendar(variable), calendar != .none,
      let reference = try? TimeReference(units, calendar: calendar)
    else { return }
    do {
      let first = try reference.date(low)
      let last = try reference.date(high)
      if calendar == .standard, first < CFDate(1582, 10, 15), last >= CFDate(1582, 10, 15) {
        error(
          "4.4.1", variable, "calendar",
          "crosses the change of 1582 from the Julian to the Gregorian calendar",
          expected: "proleptic_gregorian", found: "\(first) to \(last)")
      } else if calendar == .standard, reference.origin < CFDate(1582, 10, 15), first >= CFDate(1582, 10, 15)
      {
        warning(
          "4.4.1", variable, "units",
          "count from before the change of calendars in 1582: programs disagree by days about the dates",
          found: units)
      }
    } catch {
      self.error(
        "4.4", variable, nil, "has values that are no dates: \(error.cause)", found: "\(low) to \(high)")
    }
  }

  private mutating func checkEnclosing(
    _ variable: Variable, _ bounds: Variable, _ file: SourceFile
  ) async throws(FileError) {
    if variable.dimensions.count > 1 { try await checkVertices(variable, bounds, file) }
    guard variable.dimensions.count == 1, bounds.dimensions.count == 2, bounds.type.isNumeric,
      let length = variable.dimensions.first?.length, bounds.dimensions[0].length == length,
      bounds.dimensions[1].length == 2
    else { return }
    let unpack = Self.unpacking(variable)
    let unpackBounds = bounds.attributes["scale_factor"] == nil ? unpack : Self.unpacking(bounds)
    let isLongitude = CoordinateKind(variable) == .longitude
    var (outside, firstOutside, equal) = (0, "", 0)
    var start = 0
    while start < length {
      let count = min(Self.window / 2, length - start)
      let values = try await file.readDoubles(variable, Hyperslab(start: [start], count: [count]))
      let pairs = try await file.readDoubles(bounds, Hyperslab(start: [start, 0], count: [count, 2]))
      guard values.count == count, pairs.count == 2 * count else { return }
      for index in 0..<count {
        let value = unpack(values[index])
        let (a, b) = (unpackBounds(pairs[2 * index]), unpackBounds(pairs[2 * index + 1]))
        let tolerance = 1e-6 * max(abs(value), abs(b - a))
        if a == b { equal += 1 }
        var holds = value >= min(a, b) - tolerance && value <= max(a, b) + tolerance
        if !holds, isLongitude {
          // The same meridian written differently.
          for turn in [-360.0, 360] {
            holds = holds || (value + turn >= min(a, b) - tolerance && value + turn <= max(a, b) + tolerance)
          }
        }
        if !holds {
          if outside == 0 { firstOutside = "\(value) at index \(start + index), bounds \(a) to \(b)" }
          outside += 1
        }
      }
      start += count
    }
    if outside > 0 {
      error(
        "7.1", variable, "bounds", "\(outside) of \(length) values lie outside of their bounds",
        found: firstOutside)
    } else if equal == length, length > 0 {
      warning("7.1", variable, "bounds", "the cells have no extent: both bounds are equal everywhere")
    }
  }

  /// Cells with vertices: the centre must lie in the box around them. A recommendation, because of cells at the
  /// poles and of projections in which a cell bulges.
  private mutating func checkVertices(
    _ variable: Variable, _ bounds: Variable, _ file: SourceFile
  ) async throws(FileError) {
    guard bounds.dimensions.count == variable.dimensions.count + 1, bounds.type.isNumeric,
      Array(bounds.extents.dropLast()) == variable.extents, let vertices = bounds.extents.last, vertices > 1,
      let rows = variable.extents.first, rows > 0, variable.count > 0
    else { return }
    let unpack = Self.unpacking(variable)
    let unpackBounds = bounds.attributes["scale_factor"] == nil ? unpack : Self.unpacking(bounds)
    let isMissing = isMissing(variable)
    let isLongitude = CoordinateKind(variable) == .longitude
    let width = variable.count / rows
    let height = max(1, Self.window / max(1, width * vertices))
    var (outside, row) = (0, 0)
    while row < rows {
      var slab = Hyperslab(all: variable.extents)
      (slab.start[0], slab.count[0]) = (row, min(height, rows - row))
      var corners = Hyperslab(all: bounds.extents)
      (corners.start[0], corners.count[0]) = (slab.start[0], slab.count[0])
      let centers = try await file.readDoubles(variable, slab)
      let values = try await file.readDoubles(bounds, corners)
      guard values.count == centers.count * vertices else { return }
      for (cell, raw) in centers.enumerated() where !isMissing(raw) {
        let center = unpack(raw)
        var (low, high) = (Double.infinity, -Double.infinity)
        for raw in values[cell * vertices..<(cell + 1) * vertices] {
          var value = unpackBounds(raw)
          if isLongitude { value -= 360 * ((value - center) / 360).rounded() }
          (low, high) = (min(low, value), max(high, value))
        }
        // Around a pole the vertices are everywhere.
        if isLongitude, high - low > 180 { continue }
        let tolerance = 1e-6 * max(abs(center), high - low)
        if center < low - tolerance || center > high + tolerance { outside += 1 }
      }
      row += slab.count[0]
    }
    if outside > 0 {
      warning(
        "7.1", variable, "bounds",
        "\(outside) of \(variable.count) values lie outside of their cells' vertices")
    }
  }
}
