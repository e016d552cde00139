import Basics
import Compute

/// A trained factor and shift for each channel: `weight`, `bias` [channels].
public struct ChannelScale: Layer {
  public static let declaration = Declaration(
    name: "channel-scale", summary: "a trained factor and shift for each channel", keys: [CommonKeys.bias])
  public let bias: Bool

  public init(bias: Bool = true) { self.bias = bias }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    bias = arguments.boolean("bias") ?? true
  }
  public var keys: [(String, ConfigValue)] { bias ? [] : [("bias", .boolean(false))] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let (rank, channels) = (network.shape(input).rank, network.channels(input))
    guard channels > 0 else { throw network.error("needs [batch, channels, ...]", input) }
    let column = Compute.Reshape([channels] + [Int](repeating: 1, count: rank - 2))
    let factor = try network.graph.one(column, network.parameter("weight", [channels], Constant(1)))
    let scaled = try network.graph.one(Compute.Mul(), input, factor)
    guard bias else { return scaled }
    let shift = try network.graph.one(column, network.parameter("bias", [channels], Constant(0)))
    return try network.graph.one(Compute.Add(), scaled, shift)
  }
}
