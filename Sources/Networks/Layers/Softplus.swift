import Basics
import Compute

/// A smooth rectifier: log(1 + e^x).
public struct Softplus: Layer {
  public static let declaration = Declaration(name: "softplus", summary: "log(1 + e^x)", keys: [])
  public init() {}
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.Softplus(), input)
  }
}
