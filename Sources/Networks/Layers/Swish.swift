import Basics
import Compute

/// x sigmoid(beta x); PyTorch's SiLU with beta 1 (Ramachandran et al. 2017).
public struct Swish: Layer {
  public static let declaration = Declaration(
    name: "swish", summary: "x sigmoid(beta x)",
    keys: [Key("beta", .number, default: "1.0", "steepness")])
  public let beta: Double

  public init(beta: Double = 1.0) { self.beta = beta }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    beta = try arguments.number("beta", in: -1e6...1e6) ?? 1.0
  }
  public var keys: [(String, ConfigValue)] { beta == 1.0 ? [] : [("beta", .number(beta))] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.Swish(beta: beta), input)
  }
}
