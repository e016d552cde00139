import Testing

@testable import Inspection

@Suite struct NumberTextTests {
  /// A fill value of int64 is near the smallest number, which has no absolute value.
  @Test func extremes() {
    #expect(short(-9_223_372_036_854_775_808) == "-9.223372e18")
    #expect(short(0.1) == "0.1")
    #expect(short(-12) == "-12")
    #expect(short(1e20) == "1e20")
  }
}
