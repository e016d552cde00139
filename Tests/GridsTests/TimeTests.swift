import Testing

@testable import Grids

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct TimeTests {
  /// The dates that cftime gives for the same numbers; its script is in `peers/`.
  @Test func datesAreThoseOfCftime() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "peers/cftime_dates.txt")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter {
      !$0.hasPrefix("#")
    }
    #expect(lines.count > 1000)
    var different: [String] = []
    for line in lines {
      let parts = line.split(separator: "|").map { $0.trimmed }
      let calendar = try #require(CFCalendar(cfName: parts[0]))
      let value = try #require(Double(parts[2]))
      let n = parts[3].split(separator: " ").compactMap { Int($0) }
      let expected = CFDate(n[0], n[1], n[2], n[3], n[4], n[5], microsecond: n[6])
      let reference = try TimeReference(parts[1], calendar: calendar)
      let found = try reference.date(value)
      let a = try #require(calendar.microseconds(expected))
      let b = try #require(calendar.microseconds(found))
      // cftime rounds numbers beyond 2^53 microseconds in its own way.
      let magnitude = Double((b - (try reference.ticks(0))).magnitude)
      let tolerance: Int64 = magnitude > 0x1p52 ? Int64(magnitude * 0x1p-51) : 0
      if abs(a - b) > tolerance { different.append("\(line): found \(found.iso)") }
      // And back.
      let back = try reference.value(found)
      guard case .fixed(let length) = reference.unit else { continue }
      // Dates are whole microseconds.
      #expect(abs(back - value) <= abs(value) * 0x1p-51 + 0.51 / Double(length), "\(line): \(back)")
      #expect(try abs(reference.ticks(back) - b) <= max(1, tolerance))
    }
    let count = different.count
    #expect(count == 0, "\(different.prefix(5))")
  }

  /// As `udunits2 -H` reads them; cftime passes over zones without two digits.
  @Test func zonesAreThoseOfUdunits() throws {
    func origin(_ date: String) throws -> CFDate {
      try TimeReference("days since \(date)", calendar: .standard).origin
    }
    #expect(try origin("1900-01-01 00:00:00 -5:00") == CFDate(1900, 1, 1, 5))
    #expect(try origin("1979-12-01 00:00:00 +2") == CFDate(1979, 11, 30, 22))
    #expect(try origin("2000-01-01 12:00 +0530") == CFDate(2000, 1, 1, 6, 30))
    #expect(try origin("2000-1-1T06Z") == CFDate(2000, 1, 1, 6))
    #expect(try origin("1600-03-01 3") == CFDate(1600, 3, 1, 3))
  }

  @Test func everyDayOfEveryCalendarComesBack() throws {
    for calendar in CFCalendar.allCases where calendar != .none {
      var previous: CFDate?
      for day in stride(from: -200_000, through: 60_000, by: 1) {
        let date = try #require(calendar.date(dayNumber: day))
        let back = calendar.dayNumber(date.year, date.month, date.day)
        if back != day { Issue.record("\(calendar) day \(day) is \(date), which is day \(back ?? 0)") }
        if let previous, !(previous < date) { Issue.record("\(calendar): \(date) after \(previous)") }
        previous = date
      }
    }
  }

  @Test func theGregorianReformLeavesTenDaysOut() throws {
    let reference = try TimeReference("days since 1582-10-04", calendar: .standard)
    #expect(try reference.date(1) == CFDate(1582, 10, 15))
    #expect(CFCalendar.standard.microseconds(CFDate(1582, 10, 10)) == nil)
    #expect(CFCalendar.julian.microseconds(CFDate(1582, 10, 10)) != nil)
    #expect(CFCalendar.standard.isLeap(1500) && !CFCalendar.prolepticGregorian.isLeap(1500))
  }

  @Test(arguments: [
    "days", "days since", "days after 2000-01-01", "days since yesterday", "lightyears since 2000-01-01",
    "days since 2000-13-01", "days since 2000-02-30", "days since 2000-01-01 25:00:00",
    "days since 2000-01-01 00:00:00 ABC", "days since 99999999-01-01", "days since 2000-01-01 +99:00", "",
    "days since 2000-01-01 00:00:00 UTC+1", "days since 123456789012345678901234567890-01-01",
  ])
  func wrongUnitsAreRefused(_ text: String) {
    #expect(throws: GridError.self) { try TimeReference(text, calendar: .standard) }
  }

  @Test func timesOutOfRangeAreErrorsNotTraps() throws {
    for calendar in CFCalendar.allCases where calendar != .none {
      for units in ["days since 1850-01-01", "months since 1850-01-01", "microseconds since 1850-01-01"] {
        let reference = try TimeReference(units, calendar: calendar)
        for value in [1e300, -1e300, .infinity, .nan, 1e19, -1e18, 9.3e18] {
          if units.hasPrefix("micro"), abs(value) < 3e18 { continue }
          #expect(throws: GridError.self) { try reference.date(value) }
        }
      }
    }
    let axis = TimeAxis(
      values: [1e300, 0], bounds: [-1e18, 1e300, 0, 1], units: "days since 1-1-1", calendar: .standard)
    #expect(throws: GridError.self) { try axis.step() }
    #expect(throws: GridError.self) { try axis.groups(by: .month) }
    #expect(throws: GridError.self) {
      try TimeAxis(values: [0], units: "days since 1-1-1", calendar: .none).dates()
    }
  }

  @Test func monthsAndYearsAreThoseOfTheCalendar() throws {
    let months = try TimeReference("months since 2000-01-31", calendar: .prolepticGregorian)
    #expect(try months.date(1) == CFDate(2000, 2, 29))
    #expect(throws: GridError.self) { try months.date(1.5) }
    let model = try TimeReference("months since 2000-01-01", calendar: .day360)
    #expect(try model.date(1.5) == CFDate(2000, 2, 16))
    let years = try TimeReference("common_years since 2000-01-01", calendar: .noLeap)
    #expect(try years.date(0.5) == CFDate(2000, 7, 2, 12))
    #expect(try TimeReference("years since 2000-01-01", calendar: .standard).date(3) == CFDate(2003))
  }

  @Test func yearZeroOfAClimatologyIsRead() throws {
    let reference = try TimeReference("hour since 0000-01-01 00:00:00", calendar: .standard)
    #expect(try reference.date(366) == CFDate(0, 1, 16, 6))
    #expect(try TimeReference("days since -1-03-01", calendar: .standard).origin == CFDate(0, 3, 1))
    #expect(try TimeReference("days since -1-03-01", calendar: .noLeap).origin == CFDate(-1, 3, 1))
  }

  @Test func stepsAreRecognised() throws {
    func step(_ values: [Double], _ units: String, _ calendar: CFCalendar = .standard) throws -> String {
      try TimeAxis(values: values, units: units, calendar: calendar).step().description
    }
    #expect(try step([0, 6, 12, 18], "hours since 1800-01-01") == "6-hourly")
    #expect(try step([0, 1, 2], "hours since 1800-01-01") == "hourly")
    #expect(try step([0.5, 1.5, 2.5], "days since 1800-01-01", .noLeap) == "daily")
    #expect(try step([15.5, 45, 74.5, 105], "days since 2001-01-01") == "monthly")
    #expect(try step([15, 45, 75, 105], "days since 2001-01-01", .day360) == "monthly")
    #expect(try step([0, 730.485, 1460.97, 2191.455], "hours since 1982-01-16 00:00:00") == "monthly")
    #expect(try step([0, 365, 730, 1096], "days since 2001-07-01") == "yearly")
    #expect(try step([0, 90, 181, 273], "days since 2001-01-01") == "seasonal")
    #expect(try step([0, 5, 6], "days since 2001-01-01") == "irregular")
    #expect(try step([3], "days since 2001-01-01") == "single")
    #expect(TimeStep.fixed(6 * 3_600_000_000).isoDuration == "PT6H")
    #expect(TimeStep.fixed(86_400_000_000).isoDuration == "P1D")
    #expect(TimeStep.months(1).isoDuration == "P1M" && TimeStep.months(12).isoDuration == "P1Y")
  }

  @Test func stepsAreGrouped() throws {
    let daily = TimeAxis(
      values: (0..<365).map { Double($0) + 0.5 }, units: "days since 2001-12-01", calendar: .noLeap)
    let months = try daily.groups(by: .month)
    #expect(months.map(\.indices.count) == [31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])
    #expect(months[0].start == CFDate(2001, 12) && months[0].end == CFDate(2002, 1))
    let seasons = try daily.groups(by: .season)
    #expect(seasons.count == 4 && seasons[0].indices.count == 90 && seasons[0].start == CFDate(2001, 12))
    #expect(try daily.groups(by: .year).map(\.indices.count) == [31, 334])
    let cycle = try daily.groups(by: .monthOfYear)
    #expect(cycle.map(\.key) == Array(1...12) && cycle[11].indices == Array(0..<31))
    #expect(try daily.groups(by: .dayOfYear).count == 365)
    #expect(try daily.groups(by: .day).count == 365)
    // A mean stamped at the end of its day belongs to that day.
    let stamped = TimeAxis(
      values: [31, 32], bounds: [30, 31, 31, 32], units: "days since 2001-01-01", calendar: .standard)
    #expect(try stamped.groups(by: .month).map(\.start) == [CFDate(2001, 1), CFDate(2001, 2)])
  }

  @Test func datesOfPipelinesAreRead() throws {
    #expect(CFDate("2006-01", calendar: .standard) == CFDate(2006, 1))
    #expect(CFDate("2006-01-02T03:04:05+01:00", calendar: .standard) == CFDate(2006, 1, 2, 2, 4, 5))
    #expect(CFDate("2005-09-21_06:00:00", calendar: .standard) == CFDate(2005, 9, 21, 6))
    #expect(CFDate("2006-02-30", calendar: .day360) == CFDate(2006, 2, 30))
    #expect(CFDate("2006-02-30", calendar: .standard) == nil)
    #expect(CFDate("spring", calendar: .standard) == nil)
    #expect(CFDate(2001, 2, 3, 4, 5, 6, microsecond: 500_000).iso == "2001-02-03T04:05:06.5Z")
    #expect(CFCalendar.standard.adding(months: -13, to: CFDate(2001, 3, 31)) == CFDate(2000, 2, 29))
    #expect(CFDate(2001, 1, 5).startOfSeason == CFDate(2000, 12) && CFDate(2001, 1, 5).season == 0)
  }
}
