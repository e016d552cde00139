import Basics
import Compute
import Tensors

/// Puts channels of normal random numbers behind those of the input, new ones in each training step and for each
/// member of a prediction, and zeros in inference: what a network needs to have more than one answer (Goodfellow et al.
/// 2014, the generator's noise).
public struct Noise: Layer {
  public static let declaration = Declaration(
    name: "noise", summary: "add channels of random numbers while training and for members, of zeros else",
    discussion: """
      A network that is trained to make an error small learns not to look at them: they are for training with \
      `adversarial`.
      """,
    keys: [Key("channels", .integer, default: "1", "how many")])
  public let channels: Int

  public init(_ channels: Int = 1) { self.channels = channels }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    channels = try arguments.whole("channels", to: 4096) ?? 1
  }
  public var keys: [(String, ConfigValue)] { channels == 1 ? [] : [("channels", .integer(channels))] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let stream = UInt32(truncatingIfNeeded: network.nextStream())
    guard network.shape(input).rank >= 2 else { throw network.error("needs [batch, channels, ...]", input) }
    guard network.mode != .inference else {
      var axes = [Compute.Pad.Axis](repeating: .none, count: network.shape(input).rank)
      axes[1] = .init(0, channels)
      return try network.graph.one(Compute.Pad(axes), input)
    }
    let noise = try network.graph.one(RandomNormalLike(channels: channels, stream: stream), input)
    return try network.graph.concat([input, noise], axis: 1)
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.rank >= 2 ? input.with(channels: input.extents[1] + channels) : nil
  }
}
