import Testing

@testable import Grids

private let linear: [(String, String, Double, Double)] = [
  ("degC", "K", 1, 273.15), ("K", "degC", 1, -273.15), ("m s-1", "km h-1", 3.6, 0), ("Pa", "hPa", 0.01, 0),
  ("mm day-1", "m s-1", 0.001 / 86400, 0), ("%", "1", 0.01, 0), ("degrees_north", "degree", 1, 0),
  ("1e-3", "1", 0.001, 0), ("psu", "1", 1, 0), ("kg m^-2", "g cm-2", 0.1, 0), ("m**2 s**-2", "J kg-1", 1, 0),
  ("METERS", "km", 0.001, 0), ("degF", "degC", 5.0 / 9, -160.0 / 9), ("µm", "m", 1e-6, 0),
]

@Suite struct UnitsTests {
  @Test(arguments: linear)
  func conversionsAreExact(_ from: String, _ to: String, _ factor: Double, _ offset: Double) throws {
    let found = try UnitConversion(from: from, to: to)
    #expect(abs(found.factor - factor) <= abs(factor) * 4e-16, "\(found)")
    #expect(abs(found.offset - offset) <= abs(offset) * 4e-15, "\(found)")
  }

  @Test func theSameUnitIsTheIdentity() throws {
    #expect(try UnitConversion(from: "K", to: "kelvin").isIdentity)
    #expect(try UnitConversion(from: "m s-1", to: "m/s").isIdentity)
    #expect(try UnitConversion(from: "degrees_north", to: "degrees_east").isIdentity)
  }

  @Test(arguments: [
    ("K", "m"), ("dBZ", "1"), ("s", "Hz"), ("gibberish", "K"), ("K", ""), ("days since 2000-01-01", "days"),
    ("m\u{0}m", "mm"), ("K\n\u{1}K", "K"), (String(repeating: "m ", count: 300), "m"), ("m^^2", "m2"),
    ("kg kg", "kg"), ("((((", "m"), ("%s%n%d", "m"),
  ])
  func whatCannotBeConvertedIsRefused(_ from: String, _ to: String) {
    #expect(throws: GridError.self) { try UnitConversion(from: from, to: to) }
    #expect(!Units.areConvertible(from, to))
  }

  @Test func validityAndRepairs() {
    for text in ["K", "degrees_north", "1", "psu", "level", "days since 1850-01-01", "%", ""] {
      #expect(Units.isValid(text), "\(text)")
    }
    for text in ["M/S", "MB", "DEG C", "none", "unknown", "furlongss"] { #expect(!Units.isValid(text)) }
    #expect(Units.repaired("M/S") == "m/s")
    #expect(Units.repaired("G/KG") == "g/kg")
    #expect(Units.repaired("Deg C") == "degC")
    #expect(Units.repaired("MB") == "mbar")
    #expect(Units.repaired("K") == nil)
    #expect(Units.repaired("furlongss") == nil)
  }

  @Test func manyTasksMayAsk() async {
    await withTaskGroup(of: Bool.self) { group in
      for n in 0..<200 {
        group.addTask {
          Units.areConvertible("\(n % 17 + 1) m", "km") && !Units.areConvertible("\(n) m", "K")
        }
      }
      for await fine in group { #expect(fine) }
    }
  }
}
