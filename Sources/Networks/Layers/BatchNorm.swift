import Basics
import Compute

/// Batch normalisation (Ioffe and Szegedy 2015): each channel brought to mean 0 and variance 1 by the statistics of
/// the batch, in inference by those that training kept, then a trained scale and shift.
///
/// Parameters as PyTorch's BatchNorm2d: `weight`, `bias`, and the statistics `running_mean`, `running_var`
/// [channels].
public struct BatchNorm: Layer {
  public static let declaration = Declaration(
    name: "batch-norm", summary: "normalise each channel over the batch",
    discussion: "running = (1 - momentum) running + momentum batch, after each training step.",
    keys: [
      Key("momentum", .number, default: "0.1", "share of the new batch in the running statistics"),
      Key("epsilon", .number, default: "1e-5", "added to the variance"),
    ])
  public let momentum: Double
  public let epsilon: Double

  public init(momentum: Double = 0.1, epsilon: Double = 1e-5) {
    (self.momentum, self.epsilon) = (momentum, epsilon)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    momentum = try arguments.number("momentum", in: 0...1) ?? 0.1
    epsilon = try arguments.number("epsilon", in: 0...1e6) ?? 1e-5
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("momentum", momentum, unless: 0.1) { .number($0) }
    keys.add("epsilon", epsilon, unless: 1e-5) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let channels = network.channels(input)
    guard channels > 0 else { throw network.error("needs [batch, channels, ...]", input) }
    let inputs = [
      input, try network.parameter("weight", [channels], Constant(1)),
      try network.parameter("bias", [channels], Constant(0)),
      try network.statistic("running_mean", [channels], Constant(0)),
      try network.statistic("running_var", [channels], Constant(1)),
    ]
    guard network.mode == .training else {
      return try network.only(
        network.graph.apply(Compute.BatchNormalization(epsilon: epsilon), inputs))
    }
    let outputs = try network.graph.apply(
      Compute.BatchNormalizationTraining(epsilon: epsilon, momentum: momentum), inputs)
    if outputs.count == 5 {
      network.update("running_mean", to: outputs[3])
      network.update("running_var", to: outputs[4])
    }
    return try network.only(outputs)
  }
}
