import Basics
import Compute

/// x above 0, alpha (e^x - 1) below (Clevert et al. 2015).
public struct ELU: Layer {
  public static let declaration = Declaration(
    name: "elu", summary: "x, or alpha (e^x - 1) below 0",
    keys: [Key("alpha", .number, default: "1.0", "limit far below 0, with its sign turned")])
  public let alpha: Double

  public init(alpha: Double = 1.0) { self.alpha = alpha }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    alpha = try arguments.number("alpha", in: 0...1e6) ?? 1.0
  }
  public var keys: [(String, ConfigValue)] { alpha == 1.0 ? [] : [("alpha", .number(alpha))] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.Elu(alpha: alpha), input)
  }
}
