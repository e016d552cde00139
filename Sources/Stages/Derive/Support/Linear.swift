import Grids

/// x becomes factor * x + offset: the units of a file to those of a formula.
struct Linear: Sendable, Hashable {
  var factor = 1.0
  var offset = 0.0

  init(factor: Double = 1, offset: Double = 0) { (self.factor, self.offset) = (factor, offset) }
  init(_ conversion: UnitConversion) { (factor, offset) = (conversion.factor, conversion.offset) }

  func scaled(_ scale: Double) -> Linear { Linear(factor: factor * scale, offset: offset * scale) }
}
