import Basics
import Compute
import Tensors

/// The mean of each channel over space: [batch, channels, 1...].
public struct GlobalAveragePool: Layer {
  public static let declaration = Declaration(
    name: "global-average-pool", summary: "mean of each channel over space", keys: [])
  public init() {}
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.GlobalAveragePool(), input)
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with { _, _ in 1 } }
}
