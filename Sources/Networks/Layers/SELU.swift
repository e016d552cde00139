import Basics
import Compute

/// 1.0507 (x, or 1.6733 (e^x - 1) below 0): keeps mean 0 and variance 1 (Klambauer et al. 2017).
public struct SELU: Layer {
  public static let declaration = Declaration(
    name: "selu", summary: "scaled exponential linear unit", keys: [])
  public init() {}
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.Selu(), input)
  }
}
