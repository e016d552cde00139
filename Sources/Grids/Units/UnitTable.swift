import CUdunits

/// The library and what was asked of it; every call is made under the lock that holds this. Loaded on first use.
struct UnitTable: ~Copyable, @unchecked Sendable {
  private enum System {
    case notLoaded
    case loaded(OpaquePointer)
    case missing
  }
  private enum Entry {
    case unit(OpaquePointer)
    case wrong(GridError)
  }
  private struct Pair: Hashable {
    var from: String
    var to: String
  }

  private var system = System.notLoaded
  private var units: [String: Entry] = [:]
  private var conversions: [Pair: UnitConversion] = [:]

  /// Texts that are kept; a file with more different ones empties the table.
  private static let capacity = 4096

  mutating func check(_ text: String) throws(GridError) { _ = try unsafe unit(text) }

  mutating func conversion(_ from: String, _ to: String) throws(GridError) -> UnitConversion {
    let pair = Pair(from: from, to: to)
    if let known = conversions[pair] { return known }
    let result = try makeConversion(from, to)
    if conversions.count >= Self.capacity { conversions.removeAll() }
    conversions[pair] = result
    return result
  }

  private mutating func makeConversion(_ from: String, _ to: String) throws(GridError) -> UnitConversion {
    for text in [from, to] where text.contains(" since ") || text.contains("@") {
      throw GridError(
        "`\(text)` is a time with a reference date; its values are converted by their calendar",
        subject: "units")
    }
    let source = try unsafe unit(from)
    let target = try unsafe unit(to)
    if from == to { return UnitConversion(factor: 1, offset: 0) }
    guard let converter = unsafe ut_get_converter(source, target) else {
      throw GridError(
        "`\(from)` cannot be converted to `\(to)`: they do not measure the same", subject: "units")
    }
    defer { unsafe cv_free(converter) }
    // The slope from a power of two so large that the offset is below its last bit: exact, where the
    // difference of two nearby values is not.
    let large = 0x1p200
    let offset = unsafe cv_convert_double(converter, 0)
    let factor = unsafe cv_convert_double(converter, large) / large
    for probe in [1.0, -3.0, 1024.0] {
      let expected = factor * probe + offset
      let found = unsafe cv_convert_double(converter, probe)
      let scale = abs(factor * probe) + abs(offset)
      guard found.isFinite, factor.isFinite, offset.isFinite, factor != 0,
        abs(found - expected) <= 1e-12 * scale
      else {
        throw GridError(
          "from `\(from)` to `\(to)` there is no linear conversion (logarithmic or reciprocal units)",
          subject: "units")
      }
    }
    return UnitConversion(factor: factor, offset: offset)
  }

  private mutating func unit(_ text: String) throws(GridError) -> OpaquePointer {
    switch units[text] {
    case .unit(let unit): return unsafe unit
    case .wrong(let error): throw error
    case nil: break
    }
    let system = try unsafe load()
    if units.count >= Self.capacity { empty() }
    guard let unit = unsafe ut_parse(system, text, UT_UTF8) else {
      let cause =
        ut_get_status() == UT_UNKNOWN
        ? "`\(text)` is no unit that UDUNITS-2 knows" : "`\(text)` is no well-formed UDUNITS-2 unit"
      let error = GridError(cause, subject: "units", remedy: "give the unit as in `m s-1`, `degC`, `kg m-2`")
      units[text] = .wrong(error)
      throw error
    }
    unsafe units[text] = .unit(unit)
    return unsafe unit
  }

  private mutating func empty() {
    for case .unit(let unit) in units.values { unsafe ut_free(unit) }
    units.removeAll()
  }

  private mutating func load() throws(GridError) -> OpaquePointer {
    if case .notLoaded = system {
      isotach_ut_silence()
      if let loaded = unsafe ut_read_xml(nil) {
        unsafe system = .loaded(loaded)
      } else {
        system = .missing
      }
    }
    guard case .loaded(let loaded) = system else {
      throw GridError(
        "the unit database of UDUNITS-2 cannot be read", subject: "units",
        remedy: "install libudunits2-data, or let UDUNITS2_XML_PATH name udunits2.xml")
    }
    return unsafe loaded
  }
}
