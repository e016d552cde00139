import Basics
import Compute

/// Sets whole channels of a sample to 0 at random while training (Tompson et al. 2015); nothing in inference.
public struct SpatialDropout: Layer {
  public static let declaration = Declaration(
    name: "spatial-dropout", summary: "set whole channels to 0 at random while training",
    keys: [Key("probability", .number, default: "0.5", "of being set to 0; below 1")])
  public let probability: Double

  public init(_ probability: Double = 0.5) { self.probability = probability }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    probability = try arguments.number("probability", in: 0...0.999999) ?? 0.5
  }
  public var keys: [(String, ConfigValue)] {
    probability == 0.5 ? [] : [("probability", .number(probability))]
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let stream = UInt32(truncatingIfNeeded: network.nextStream())
    guard network.mode == .training, probability > 0 else { return input }
    return try network.graph.one(Compute.Dropout(probability, stream: stream, spatial: true), input)
  }
}
