import Basics
import Compute

/// The logistic function.
public struct Sigmoid: Layer {
  public static let declaration = Declaration(name: "sigmoid", summary: "1 / (1 + e^-x)", keys: [])
  public init() {}
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.Sigmoid(), input)
  }
}
