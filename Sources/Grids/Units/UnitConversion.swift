/// An exact conversion between two UDUNITS texts: `to = factor * from + offset`.
public struct UnitConversion: Sendable, Hashable {
  public let factor: Double
  public let offset: Double
  public var isIdentity: Bool { factor == 1 && offset == 0 }

  public func callAsFunction(_ value: Double) -> Double { factor * value + offset }

  init(factor: Double, offset: Double) { (self.factor, self.offset) = (factor, offset) }
}

extension UnitConversion {
  /// - Throws: `GridError` when a text is no unit, the two are not of the same dimension, or the conversion is
  ///   not linear (logarithmic and reciprocal units).
  public init(from: String, to: String) throws(GridError) {
    self = try Units.conversion(from: from, to: to)
  }
}
