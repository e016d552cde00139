import Testing

/// Numbers may differ by `absolute + relative * |expected|`; NaN equals NaN only.
public struct Tolerance: Sendable {
  public let absolute: Double
  public let relative: Double
  public init(absolute: Double = 0, relative: Double = 0) {
    (self.absolute, self.relative) = (absolute, relative)
  }
  public static let exact = Tolerance()

  public func allows(_ actual: Double, _ expected: Double) -> Bool {
    if actual.isNaN || expected.isNaN { return actual.isNaN && expected.isNaN }
    if actual == expected { return true }
    return abs(actual - expected) <= absolute + relative * abs(expected)
  }

  /// How many times the allowed difference the real one is.
  func excess(_ actual: Double, _ expected: Double) -> Double {
    if actual.isNaN != expected.isNaN { return .infinity }
    if actual.isNaN || actual == expected { return 0 }
    return abs(actual - expected) / (absolute + relative * abs(expected))
  }
}

/// Expects every element near the expected one; a failure tells how many are not and shows the worst.
public func expectClose<A: Sequence, E: Sequence>(
  _ actual: A, _ expected: E, absolute: Double = 0, relative: Double = 0, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) where A.Element: BinaryFloatingPoint, E.Element: BinaryFloatingPoint {
  let tolerance = Tolerance(absolute: absolute, relative: relative)
  let actual = actual.map { Double($0) }
  let expected = expected.map { Double($0) }
  guard actual.count == expected.count else {
    Issue.record(
      "\(what) \(actual.count) elements, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  var failures = 0
  var worst = (index: 0, excess: -1.0)
  for index in actual.indices {
    if !tolerance.allows(actual[index], expected[index]) { failures += 1 }
    let excess = tolerance.excess(actual[index], expected[index])
    if excess > worst.excess { worst = (index, excess) }
  }
  guard failures > 0 else { return }
  Issue.record(
    """
    \(what) \(failures) of \(actual.count) elements differ by more than \(absolute) + \(relative) * |expected|; \
    the worst is element \(worst.index): \(actual[worst.index]), expected \(expected[worst.index]) \
    (\(worst.excess) times the tolerance)
    """, sourceLocation: sourceLocation)
}
