import Basics
import Compute

/// The hyperbolic tangent.
public struct Tanh: Layer {
  public static let declaration = Declaration(name: "tanh", summary: "hyperbolic tangent", keys: [])
  public init() {}
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.Tanh(), input)
  }
}
