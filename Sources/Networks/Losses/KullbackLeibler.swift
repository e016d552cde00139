import Basics
import Compute

/// sum over the channels of t (log t - log(softmax(prediction))), for targets that are probabilities; PyTorch's
/// `KLDivLoss` of log-softmax, mean over the places. Its gradient is that of cross-entropy; 0 at the best.
public struct KullbackLeibler: Loss {
  public static let declaration = Declaration(
    name: "kl-divergence", summary: "Kullback-Leibler divergence from probabilities, from logits", keys: [])
  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {}
  public var takesRawTargets: Bool { true }
  public var keys: [(String, ConfigValue)] { [] }

  public func build(_ prediction: Value, _ target: Value, weights: Value?, in graph: inout Graph)
    throws(GraphError) -> Value
  {
    let map = try ClassMap(
      prediction, target, weights: weights, classes: nil, ignore: nil, Self.declaration.name, in: &graph)
    // 0 log 0 is 0.
    let logarithm = try graph.one(Log(), try graph.one(Clip(low: 1e-37), map.oneHot))
    let difference = try graph.one(Sub(), logarithm, try graph.one(Compute.LogSoftmax(axis: 1), map.logits))
    let losses = try graph.one(
      ReduceSum(axes: [1], keepsDimensions: true), try graph.one(Mul(), map.oneHot, difference))
    return try graph.weightedMean(losses, weights: map.weights)
  }

  /// Probabilities of the classes.
  public func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    try ClassMap.probabilities(prediction, classes: nil, in: &graph)
  }
}
