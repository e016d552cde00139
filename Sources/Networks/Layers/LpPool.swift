import Basics
import Compute
import Tensors

/// The p-norm of each window; `normalised` by the number of its elements, so that p = 1 is the mean of magnitudes.
public struct LpPool: Layer {
  public static let declaration = Declaration(
    name: "lp-pool", summary: "p-norm of each window",
    keys: PoolKeys.declared
      + [
        Key("p", .number, default: "2", "1 or more"),
        Key("normalised", .boolean, default: "true", "divide the sum by the number of elements"),
      ])
  public let pool: PoolKeys
  public let p: Double
  public let normalised: Bool

  public init(
    _ kernel: Sizes = 2, stride: Sizes? = nil, padding: Padding = .valid, dilation: Sizes = 1,
    ceil: Bool = false, p: Double = 2, normalised: Bool = true
  ) {
    pool = PoolKeys(kernel, stride: stride, padding: padding, dilation: dilation, ceil: ceil)
    (self.p, self.normalised) = (p, normalised)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    pool = try PoolKeys(arguments)
    p = try arguments.number("p", in: 1...1e3) ?? 2
    normalised = arguments.boolean("normalised") ?? true
  }
  public var keys: [(String, ConfigValue)] {
    var keys = pool.keys
    keys.add("p", p, unless: 2) { .number($0) }
    keys.add("normalised", normalised, unless: true) { .boolean($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(
      Compute.LpPool(pool.window(input, in: network), p: p, normalised: normalised), input)
  }

  public func declaredShape(_ input: Shape) -> Shape? { pool.declaredShape(input) }
}
