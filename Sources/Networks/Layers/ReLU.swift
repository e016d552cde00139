import Basics
import Compute

/// max(x, 0).
public struct ReLU: Layer {
  public static let declaration = Declaration(name: "relu", summary: "max(x, 0)", keys: [])
  public init() {}
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Relu(), input)
  }
}
