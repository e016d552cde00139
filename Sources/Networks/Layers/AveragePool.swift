import Basics
import Compute
import Tensors

/// The mean of each window. With `count-padding` the zeros of the padding count (PyTorch's default).
public struct AveragePool: Layer {
  public static let declaration = Declaration(
    name: "average-pool", summary: "mean of each window",
    keys: PoolKeys.declared
      + [Key("count-padding", .boolean, default: "true", "whether the padding counts as zeros")])
  public let pool: PoolKeys
  public let countPadding: Bool

  public init(
    _ kernel: Sizes = 2, stride: Sizes? = nil, padding: Padding = .valid, dilation: Sizes = 1,
    ceil: Bool = false, countPadding: Bool = true
  ) {
    pool = PoolKeys(kernel, stride: stride, padding: padding, dilation: dilation, ceil: ceil)
    self.countPadding = countPadding
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    pool = try PoolKeys(arguments)
    countPadding = arguments.boolean("count-padding") ?? true
  }
  public var keys: [(String, ConfigValue)] {
    var keys = pool.keys
    keys.add("count-padding", countPadding, unless: true) { .boolean($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(
      Compute.AveragePool(pool.window(input, in: network), countIncludesPadding: countPadding), input)
  }

  public func declaredShape(_ input: Shape) -> Shape? { pool.declaredShape(input) }
}
