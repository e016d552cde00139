import Basics
import Compute
import Tensors

/// -sum over the classes of t log(softmax(prediction)); PyTorch's `CrossEntropyLoss`.
///
/// The target has one channel for each class (1, or a probability, where it is that class), or with `classes: n`
/// is a map of class numbers. With `weights` of classes the mean is divided by the weights of the targets'
/// classes. A place with a number that is neither a class nor `ignore` makes the loss NaN.
public struct CrossEntropy: Loss {
  public static let declaration = Declaration(
    name: "cross-entropy", summary: "categorical cross-entropy over the channels, from logits",
    keys: ClassMap.keys + [
      Key("weights", .list(.number), "of the classes"),
      Key("smoothing", .number, default: "0", "targets become t (1 - s) + s / classes"),
    ])
  public let classes: Int?
  public let ignore: Int?
  public let classWeights: [Double]?
  public let smoothing: Double

  public init(classes: Int? = nil, ignore: Int? = nil, weights: [Double]? = nil, smoothing: Double = 0) {
    (self.classes, self.ignore, classWeights, self.smoothing) = (classes, ignore, weights, smoothing)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    classes = try arguments.classes()
    ignore = try arguments.ignoredClass()
    classWeights = try arguments.numbers("weights", .notNegative)
    smoothing = try arguments.number("smoothing", or: 0, .fraction)
    if let classes, let classWeights, classWeights.count != classes {
      throw PlanError(
        "`weights` must have one number for each of the \(classes) classes, found \(classWeights.count)",
        at: arguments.mark("weights"))
    }
  }
  public var takesRawTargets: Bool { true }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    if let classes { keys.append(("classes", .integer(classes))) }
    if let ignore { keys.append(("ignore", .integer(ignore))) }
    if let classWeights { keys.append(("weights", .list(classWeights.map { .number($0) }))) }
    return keys + changed(("smoothing", smoothing, 0))
  }

  public var channelsPerVariable: Int { classes ?? 1 }

  public func build(_ prediction: Value, _ target: Value, weights: Value?, in graph: inout Graph)
    throws(GraphError) -> Value
  {
    let map = try ClassMap(
      prediction, target, weights: weights, classes: classes, ignore: ignore, Self.declaration.name,
      in: &graph)
    var share = map.oneHot
    if smoothing > 0 {
      share = try graph.one(
        Add(), try graph.one(Mul(), share, graph.constant(1 - smoothing)),
        graph.constant(smoothing / Double(max(1, map.classes))))
    }
    var counting: Value?
    if let classWeights {
      let each = try graph.perChannel(classWeights, of: map.logits, "weights")
      share = try graph.one(Mul(), share, each)
      counting = try graph.one(
        ReduceSum(axes: [1], keepsDimensions: true), try graph.one(Mul(), map.oneHot, each))
    }
    let parts = try graph.one(Mul(), share, try graph.one(Compute.LogSoftmax(axis: 1), map.logits))
    let losses = try graph.one(Neg(), try graph.one(ReduceSum(axes: [1], keepsDimensions: true), parts))
    return try map.checked(
      try graph.weightedMean(losses, weights: map.weights, counting: counting), in: &graph)
  }

  /// Probabilities of the classes.
  public func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    try ClassMap.probabilities(prediction, classes: classes, in: &graph)
  }
}
