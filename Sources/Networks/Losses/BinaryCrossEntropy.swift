import Basics
import Compute

/// -(t log p + (1 - t) log(1 - p)) with p = sigmoid(prediction), for each channel alone; PyTorch's
/// `BCEWithLogitsLoss`. `weights` multiply the losses of channels, `positive-weight` the part of t = 1; neither
/// changes what the mean is divided by.
public struct BinaryCrossEntropy: ElementLoss {
  public static let declaration = Declaration(
    name: "bce", summary: "binary cross-entropy, from logits",
    keys: [
      Key("weights", .list(.number), "of the channels"),
      Key("positive-weight", .list(.number), "how much more t = 1 counts: one number, or one a channel"),
      Key("smoothing", .number, default: "0", "targets become t (1 - s) + s / 2"),
    ])
  public let classWeights: [Double]?
  public let positiveWeights: [Double]?
  public let smoothing: Double

  public init(weights: [Double]? = nil, positiveWeights: [Double]? = nil, smoothing: Double = 0) {
    (classWeights, self.positiveWeights, self.smoothing) = (weights, positiveWeights, smoothing)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    classWeights = try arguments.numbers("weights", .notNegative)
    positiveWeights = try arguments.numbers("positive-weight", .positive)
    smoothing = try arguments.number("smoothing", or: 0, .fraction)
  }
  public var takesRawTargets: Bool { true }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    if let classWeights { keys.append(("weights", .list(classWeights.map { .number($0) }))) }
    if let positiveWeights { keys.append(("positive-weight", .list(positiveWeights.map { .number($0) }))) }
    return keys + changed(("smoothing", smoothing, 0))
  }

  public func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    var target = target
    if smoothing > 0 {
      let shrunk = try graph.one(Mul(), target, graph.constant(1 - smoothing))
      target = try graph.one(Add(), shrunk, graph.constant(smoothing / 2))
    }
    // -log p = softplus(-x), -log(1 - p) = softplus(x): exact for logits of any size.
    let yes = try graph.one(Compute.Softplus(), try graph.one(Neg(), prediction))
    let no = try graph.one(Compute.Softplus(), prediction)
    var part = try graph.one(Mul(), target, yes)
    if let positiveWeights {
      part = try graph.one(
        Mul(), part, try graph.perChannel(positiveWeights, of: prediction, "positive-weight"))
    }
    let rest = try graph.one(Mul(), try graph.one(Sub(), graph.constant(1), target), no)
    let loss = try graph.one(Add(), part, rest)
    guard let classWeights else { return loss }
    return try graph.one(Mul(), loss, try graph.perChannel(classWeights, of: prediction, "weights"))
  }

  /// Probabilities.
  public func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    try graph.one(Compute.Sigmoid(), prediction)
  }
}
