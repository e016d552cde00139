import GridFiles
import Testing

@testable import Grids

/// decode(encode(x)) == x for random packings and dates.
@Suite struct CodersTests {
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }

  @Test(arguments: 1...40)
  func packedNumbersComeBack(_ seed: Int) throws {
    var random = Random(state: UInt64(seed))
    let isUnsigned = Bool.random(using: &random)
    let scale = Double.random(in: 1e-6...10, using: &random) * (Bool.random(using: &random) ? 1 : -1)
    let offset = Double.random(in: -1e4...1e4, using: &random)
    let attributes = [
      Attribute("scale_factor", .float64([scale])), Attribute("add_offset", .float64([offset])),
      Attribute("_FillValue", .int16([-32768])), Attribute("_Unsigned", isUnsigned ? "true" : "false"),
    ]
    let decoding = try Packing(.int16, attributes, usesDefaultFill: true).decoding
    for _ in 0..<500 {
      let stored = Double(Int16.random(in: Int16.min...Int16.max, using: &random))
      let packed = isUnsigned && stored < 0 ? stored + 65536 : stored
      let value = decoding.value(stored, bits: 16)
      if stored == -32768 {
        #expect(value.isNaN)
      } else {
        #expect(decoding.packed(value, isInteger: true) == packed)
      }
    }
    #expect(decoding.packed(.nan, isInteger: true) == (isUnsigned ? 32768 : -32768))
  }

  @Test(arguments: CFCalendar.allCases.filter { $0 != .none })
  func datesComeBack(_ calendar: CFCalendar) throws {
    var random = Random(state: 7)
    for _ in 0..<400 {
      let unit =
        ["days", "hours", "minutes", "seconds", "milliseconds"].randomElement(using: &random) ?? "days"
      let origin = try #require(calendar.date(dayNumber: Int.random(in: -300_000...60_000, using: &random)))
      guard origin.year > 0 else { continue }
      let reference = try TimeReference("\(unit) since \(origin.udunits)", calendar: calendar)
      let day = Int.random(in: -200_000...100_000, using: &random)
      var date = try #require(calendar.date(dayNumber: day))
      date.hour = Int.random(in: 0..<24, using: &random)
      date.minute = Int.random(in: 0..<60, using: &random)
      date.second = Int.random(in: 0..<60, using: &random)
      // Days in Double hold about 10 microseconds over a thousand years.
      let value = try reference.value(date)
      let back = try reference.ticks(value)
      let exact = try #require(calendar.microseconds(date))
      #expect(abs(back - exact) <= 20, "\(calendar) \(unit) since \(origin): \(date)")
      #expect(CFDate(date.iso, calendar: calendar) == date)
    }
  }

  @Test(arguments: CFCalendar.allCases.filter { $0 != .none })
  func monthsAddUp(_ calendar: CFCalendar) throws {
    var random = Random(state: 11)
    for _ in 0..<300 {
      let date = try #require(calendar.date(dayNumber: Int.random(in: -200_000...100_000, using: &random)))
      let first = date.startOfMonth
      let months = Int.random(in: -5000...5000, using: &random)
      guard let there = calendar.adding(months: months, to: first) else { continue }
      #expect(calendar.adding(months: -months, to: there) == first)
      #expect(there.day == 1)
    }
  }

  @Test func unitConversionsComeBack() throws {
    for (from, to) in [
      ("degC", "K"), ("m s-1", "knot"), ("mm day-1", "kg m-2 s-1 / (1000 kg m-3)"), ("hPa", "Pa"),
    ] {
      let there = try UnitConversion(from: from, to: to)
      let back = try UnitConversion(from: to, to: from)
      for value in [-40.0, 0, 1, 273.15, 1e5] {
        #expect(abs(back(there(value)) - value) <= 1e-12 * max(1, abs(value)))
      }
    }
  }
}
