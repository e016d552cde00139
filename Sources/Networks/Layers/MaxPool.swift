import Basics
import Compute
import Tensors

/// The largest number of each window.
public struct MaxPool: Layer {
  public static let declaration = Declaration(
    name: "max-pool", summary: "largest number of each window", keys: PoolKeys.declared)
  public let pool: PoolKeys

  public init(
    _ kernel: Sizes = 2, stride: Sizes? = nil, padding: Padding = .valid, dilation: Sizes = 1,
    ceil: Bool = false
  ) {
    pool = PoolKeys(kernel, stride: stride, padding: padding, dilation: dilation, ceil: ceil)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    pool = try PoolKeys(arguments)
  }
  public var keys: [(String, ConfigValue)] {
    pool.keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.MaxPool(pool.window(input, in: network)), input)
  }

  public func declaredShape(_ input: Shape) -> Shape? { pool.declaredShape(input) }
}
