import Basics
import Compute
import Tensors

/// Each channel times a number between 0 and 1 that two fully connected layers make of the means of all channels (Hu et
/// al. 2018): channel attention, the global context of CGNet. Parameters `reduce.weight`, `reduce.bias`,
/// `expand.weight`, `expand.bias`.
public struct SqueezeExcitation: Layer {
  public static let declaration = Declaration(
    name: "squeeze-excitation", summary: "channels weighted by what the whole field shows (Hu et al. 2018)",
    discussion: "Each cell depends on the whole field: such a network is not tiled.",
    keys: [Key("reduction", .integer, default: "16", "how many times fewer numbers there are in between")])
  public let reduction: Int

  public init(reduction: Int = 16) { self.reduction = reduction }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    reduction = try arguments.whole("reduction") ?? 16
  }
  public var keys: [(String, ConfigValue)] { reduction == 16 ? [] : [("reduction", .integer(reduction))] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let rank = try network.spatialRank(input, "channel attention")
    let channels = network.channels(input)
    let means = try network.apply("mean", Flatten(), network.graph.one(Compute.GlobalAveragePool(), input))
    let few = try network.apply("reduce", Dense(max(1, channels / max(1, reduction))), means)
    let all = try network.apply("expand", Dense(channels), network.graph.one(Compute.Relu(), few))
    let share = try network.graph.reshape(
      try network.graph.sigmoid(all), [0, channels] + [Int](repeating: 1, count: rank))
    return try network.graph.multiply(input, share)
  }
}
