import Basics
import Compute
import Tensors

/// The negative logarithm of a normal density: (log v + (t - m)^2 / v) / 2, without the constant unless `full`;
/// PyTorch's `GaussianNLLLoss`. Two channels a variable: the means, then the logarithms of the variances (or
/// numbers whose softplus is the variance), which are held at `epsilon` from below.
public struct GaussianLikelihood: ElementLoss {
  public static let declaration = Declaration(
    name: "gaussian-nll", summary: "mean and variance of a normal distribution, by likelihood",
    discussion: "Two channels a variable: the means first, then the logarithms of the variances.",
    keys: [
      Key("variance", .choice(["log", "softplus"]), default: "log", "what the second channel is"),
      Key("epsilon", .number, default: "1e-6", "the least variance"),
      Key("full", .boolean, default: "false", "with the constant log(2 pi) / 2"),
    ])
  public let usesSoftplus: Bool
  public let epsilon: Double
  public let isFull: Bool

  public init(usesSoftplus: Bool = false, epsilon: Double = 1e-6, isFull: Bool = false) {
    (self.usesSoftplus, self.epsilon, self.isFull) = (usesSoftplus, epsilon, isFull)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    usesSoftplus = arguments.text("variance") == "softplus"
    epsilon = try arguments.number(
      "epsilon", or: 1e-6, NumberRange(text: "at least 1e-30") { $0 >= 1e-30 })
    isFull = arguments.boolean("full") ?? false
  }
  public var keys: [(String, ConfigValue)] {
    (usesSoftplus ? [("variance", .text("softplus"))] : []) + changed(("epsilon", epsilon, 1e-6))
      + (isFull ? [("full", .boolean(true))] : [])
  }

  public var channelsPerVariable: Int { 2 }

  public func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    let mean = try graph.part(0, of: 2, prediction)
    let spread = try graph.part(1, of: 2, prediction)
    let square = try graph.one(Square(), try graph.one(Sub(), target, mean))
    let logarithm: Value
    let scaled: Value
    if usesSoftplus {
      let variance = try graph.one(Clip(low: epsilon), try graph.one(Compute.Softplus(), spread))
      logarithm = try graph.one(Log(), variance)
      scaled = try graph.one(Div(), square, variance)
    } else {
      logarithm = try graph.one(Clip(low: Double.log(epsilon)), spread)
      scaled = try graph.one(Mul(), square, try graph.one(Exp(), try graph.one(Neg(), logarithm)))
    }
    let half = try graph.one(Mul(), try graph.one(Add(), logarithm, scaled), graph.constant(0.5))
    return isFull ? try graph.one(Add(), half, graph.constant(Double.log(2 * .pi) / 2)) : half
  }

  /// The means.
  public func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    try graph.part(0, of: 2, prediction)
  }

  /// Means and standard deviations.
  public func distribution(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value? {
    var variance = try graph.part(1, of: 2, prediction)
    if usesSoftplus {
      variance = try graph.one(Clip(low: epsilon), try graph.one(Compute.Softplus(), variance))
    } else {
      variance = try graph.one(Exp(), try graph.one(Clip(low: Double.log(epsilon)), variance))
    }
    let deviation = try graph.one(Sqrt(), variance)
    return try graph.one(Concat(axis: 1), try graph.part(0, of: 2, prediction), deviation)
  }

  public func draw(_ numbers: [Double], _ stream: RandomStream, at place: UInt64) -> Double {
    numbers.count == 2 ? numbers[0] + numbers[1] * stream.normal(at: place) : .nan
  }
}
