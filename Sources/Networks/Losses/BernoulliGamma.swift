import Basics
import Compute
import Tensors

/// The negative log-likelihood of rain: none with the probability 1 - p, else an amount with a gamma density
/// (Cannon 2008; Bano-Medina, Manzanas and Gutierrez 2020, formula 2).
///
/// Three channels a variable: the logits of p, the logarithms of the shape, the logarithms of the scale (in
/// units of the target). The target must not be normalised: 0 is dry. A target above `wet-threshold` is wet and
/// its amount is taken as it is. Shapes and scales are held between exp(-12) and exp(12).
public struct BernoulliGamma: ElementLoss {
  public static let declaration = Declaration(
    name: "bernoulli-gamma", summary: "probability and gamma distribution of rain, by likelihood",
    discussion: """
      Three channels a variable: logits of the probability of rain, then logarithms of the shape, then logarithms \
      of the scale. The target must be an amount (0 is dry), not normalised around its mean.
      """,
    keys: [
      Key("wet-threshold", .number, default: "0", "amounts above it are rain, in units of the target")
    ])
  public let wetThreshold: Double

  public init(wetThreshold: Double = 0) { self.wetThreshold = wetThreshold }
  public init(_ arguments: Arguments) throws(PlanError) {
    wetThreshold = try arguments.number("wet-threshold", or: 0, .notNegative)
  }
  public var takesRawTargets: Bool { true }
  public var keys: [(String, ConfigValue)] { changed(("wet-threshold", wetThreshold, 0)) }

  public var channelsPerVariable: Int { 3 }
  /// Beyond, a gamma density means nothing in float32.
  private var held: Clip { Clip(low: -12, high: 12) }

  public func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    let logit = try graph.part(0, of: 3, prediction)
    let logShape = try graph.one(held, try graph.part(1, of: 3, prediction))
    let logScale = try graph.one(held, try graph.part(2, of: 3, prediction))
    let isWet = try graph.one(Greater(), target, graph.constant(wetThreshold))
    // Where it is dry any amount will do: it is not looked at.
    let amount = try graph.one(Where(), isWet, target, graph.constant(1))
    let shape = try graph.one(Exp(), logShape)
    let one = graph.constant(1)
    // -log p - (k - 1) log y + y / s + k log s + log Gamma(k)
    var wet = try graph.one(Compute.Softplus(), try graph.one(Neg(), logit))
    let power = try graph.one(
      Mul(), try graph.one(Sub(), shape, one), try graph.one(Log(), amount))
    wet = try graph.one(Sub(), wet, power)
    let decay = try graph.one(Mul(), amount, try graph.one(Exp(), try graph.one(Neg(), logScale)))
    wet = try graph.one(Add(), wet, decay)
    wet = try graph.one(Add(), wet, try graph.one(Mul(), shape, logScale))
    wet = try graph.one(Add(), wet, try graph.one(Lgamma(), shape))
    return try graph.one(Where(), isWet, wet, try graph.one(Compute.Softplus(), logit))
  }

  /// p x shape x scale: the mean amount, dry days counted.
  public func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    let chance = try graph.one(Compute.Sigmoid(), try graph.part(0, of: 3, prediction))
    let logShape = try graph.one(held, try graph.part(1, of: 3, prediction))
    let logScale = try graph.one(held, try graph.part(2, of: 3, prediction))
    let mean = try graph.one(Exp(), try graph.one(Add(), logShape, logScale))
    return try graph.one(Mul(), chance, mean)
  }

  /// Probabilities of rain, shapes and scales.
  public func distribution(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value? {
    let chance = try graph.one(Compute.Sigmoid(), try graph.part(0, of: 3, prediction))
    let shape = try graph.one(Exp(), try graph.one(held, try graph.part(1, of: 3, prediction)))
    let scale = try graph.one(Exp(), try graph.one(held, try graph.part(2, of: 3, prediction)))
    return try graph.one(Concat(axis: 1), chance, shape, scale)
  }

  public func draw(_ numbers: [Double], _ stream: RandomStream, at place: UInt64) -> Double {
    guard numbers.count == 3 else { return .nan }
    let level = stream.double(at: place)
    let dry = 1 - numbers[0]
    guard level > dry, numbers[0] > 0 else { return 0 }
    return GammaDistribution(shape: numbers[1], scale: numbers[2]).quantile((level - dry) / numbers[0])
  }
}
