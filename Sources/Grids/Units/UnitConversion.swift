/// An exact conversion between two UDUNITS texts: `to = factor * from + offset`.
public struct UnitConversion: Sendable, Hashable {
  public let factor: Double
  public let offset: Double
  public var isIdentity: Bool { factor == 1 && offset == 0 }
}

extension UnitConversion {
  /// - Throws: `GridError` when a text is no unit, or the two are not of the same dimension.
  public init(from: String, to: String) throws(GridError) { throw GridError("not there yet") }
}
