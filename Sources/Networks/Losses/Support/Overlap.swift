import Basics
import Compute
import Tensors

/// What Dice, Jaccard and Tversky have in common: 1 - (TP + s) / (TP + alpha FP + beta FN + s) with sums over
/// batch and places for each class, mean over the classes. Probabilities are a sigmoid of each channel alone, or
/// a softmax over the channels.
struct Overlap: Sendable {
  var classes: Int?
  var ignore: Int?
  var isExclusive = false
  var smooth = 1.0

  static let keys =
    ClassMap.keys + [
      Key(
        "exclusive", .boolean, default: "true with `classes`, else false",
        "softmax over the channels instead of a sigmoid of each"),
      Key("smooth", .number, default: "1", "added above and below, for classes that are nowhere"),
    ]

  init(classes: Int? = nil, ignore: Int? = nil, isExclusive: Bool? = nil, smooth: Double = 1) {
    (self.classes, self.ignore, self.smooth) = (classes, ignore, smooth)
    self.isExclusive = isExclusive ?? (classes != nil)
  }

  init(_ arguments: Arguments) throws(PlanError) {
    classes = try arguments.classes()
    ignore = try arguments.ignoredClass()
    isExclusive = arguments.boolean("exclusive") ?? (classes != nil)
    smooth = try arguments.number("smooth", or: 1, .notNegative)
  }

  var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    if let classes { keys.append(("classes", .integer(classes))) }
    if let ignore { keys.append(("ignore", .integer(ignore))) }
    if isExclusive != (classes != nil) { keys.append(("exclusive", .boolean(isExclusive))) }
    if smooth != 1 { keys.append(("smooth", .number(smooth))) }
    return keys
  }

  func loss(
    _ prediction: Value, _ target: Value, weights: Value?, alpha: Double, beta: Double, smooth: Double,
    _ name: String, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let map = try ClassMap(
      prediction, target, weights: weights, classes: classes, ignore: ignore, name, in: &graph)
    var probability = try graph.one(
      isExclusive ? Compute.Softmax(axis: 1) : Compute.Sigmoid() as any Operator, map.logits)
    var truth = map.oneHot
    if let weights = map.weights {
      probability = try graph.one(Mul(), probability, weights)
      truth = try graph.one(Mul(), truth, weights)
    }
    let each: Shape
    do { each = try Shape([1, map.classes, 1]) } catch {
      throw GraphError(path: graph.path, error.description, shapes: [])
    }
    let hits = try graph.one(SumTo(each), try graph.one(Mul(), probability, map.oneHot))
    let predicted = try graph.one(SumTo(each), probability)
    let observed = try graph.one(SumTo(each), truth)
    let above = try graph.one(Add(), hits, graph.constant(smooth))
    // TP + alpha (P - TP) + beta (T - TP).
    var below = try graph.one(Mul(), hits, graph.constant(1 - alpha - beta))
    below = try graph.one(Add(), below, try graph.one(Mul(), predicted, graph.constant(alpha)))
    below = try graph.one(Add(), below, try graph.one(Mul(), observed, graph.constant(beta)))
    below = try graph.one(Clip(low: 1e-30), try graph.one(Add(), below, graph.constant(smooth)))
    let scores = try graph.one(Div(), above, below)
    let mean = try graph.weightedMean(scores, weights: nil)
    return try map.checked(try graph.one(Sub(), graph.constant(1), mean), in: &graph)
  }

  /// Probabilities.
  func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    isExclusive
      ? try ClassMap.probabilities(prediction, classes: classes, in: &graph)
      : try graph.one(Compute.Sigmoid(), prediction)
  }
}
