import Basics
import Compute
import Tensors

/// The largest number of each channel over space: [batch, channels, 1...].
public struct GlobalMaxPool: Layer {
  public static let declaration = Declaration(
    name: "global-max-pool", summary: "largest number of each channel", keys: [])
  public init() {}
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.GlobalMaxPool(), input)
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with { _, _ in 1 } }
}
