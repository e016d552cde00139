import Basics

/// Sets whole channels of a sample to 0 at random while training (Tompson et al. 2015); nothing in inference.
public struct SpatialDropout: DropoutLayer {
  public static let declaration = Declaration(
    name: "spatial-dropout", summary: "set whole channels to 0 at random while training", keys: declaredKeys)
  public static let isSpatial = true
  public let probability: Double

  public init(_ probability: Double = 0.5) { self.probability = probability }
}
