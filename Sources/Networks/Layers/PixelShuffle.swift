import Basics
import Compute
import Tensors

/// Channels become pixels: [batch, channels x factor x factor, rows, columns] to [batch, channels, rows x factor,
/// columns x factor] (sub-pixel convolution, Shi et al. 2016), in PyTorch's order.
public struct PixelShuffle: Layer {
  public static let declaration = Declaration(
    name: "pixel-shuffle", summary: "channels become pixels of a finer grid",
    keys: [Key("factor", .integer, default: "2", "how many times finer")])
  public let factor: Int

  public init(_ factor: Int = 2) { self.factor = factor }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    factor = try arguments.whole("factor", to: 4096) ?? 2
  }
  public var keys: [(String, ConfigValue)] { factor == 2 ? [] : [("factor", .integer(factor))] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.DepthToSpace(block: factor, order: .crd), input)
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    guard factor > 0, input.rank > 2 else { return nil }
    let pixels = input.extents.dropFirst(2).reduce(1) { product, _ in product * factor }
    return input.with(channels: max(1, input.extents[1] / pixels)) { $1 * factor }
  }
}
