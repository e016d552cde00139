import Basics
import Compute

/// x above 0, slope x below (Maas et al. 2013).
public struct LeakyReLU: Layer {
  public static let declaration = Declaration(
    name: "leaky-relu", summary: "x, or slope x below 0",
    keys: [Key("slope", .number, default: "0.01", "factor below 0")])
  public let slope: Double

  public init(slope: Double = 0.01) { self.slope = slope }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    slope = try arguments.number("slope", in: -1e6...1e6) ?? 0.01
  }
  public var keys: [(String, ConfigValue)] { slope == 0.01 ? [] : [("slope", .number(slope))] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.LeakyRelu(slope: slope), input)
  }
}
