import Basics
import Compute

/// Sets numbers to 0 at random while training and scales the others up (Srivastava et al. 2014); nothing in inference.
public struct Dropout: Layer {
  public static let declaration = Declaration(
    name: "dropout", summary: "set numbers to 0 at random while training",
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
    return try network.graph.one(Compute.Dropout(probability, stream: stream, spatial: false), input)
  }
}
