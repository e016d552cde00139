import Basics

/// Sets numbers to 0 at random while training and scales the others up (Srivastava et al. 2014); nothing in inference.
public struct Dropout: DropoutLayer {
  public static let declaration = Declaration(
    name: "dropout", summary: "set numbers to 0 at random while training", keys: declaredKeys)
  public static let isSpatial = false
  public let probability: Double

  public init(_ probability: Double = 0.5) { self.probability = probability }
}
