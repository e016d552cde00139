import Basics
import Compute

/// Cross-entropy in which what is easy counts less: -alpha_t (1 - p_t)^gamma log p_t (Lin et al. 2017, formula
/// 5), for each channel alone by a sigmoid as torchvision's `sigmoid_focal_loss`, or over exclusive classes by a
/// softmax (then without alpha).
public struct Focal: Loss {
  public static let declaration = Declaration(
    name: "focal", summary: "cross-entropy that looks at what is hard (Lin et al. 2017)",
    keys: [
      Key("gamma", .number, default: "2", "how much less the easy counts: 0, or 1 and more"),
      Key(
        "alpha", .either([.number, .choice(["none"])]), default: "0.25; none when exclusive",
        "share of t = 1, the rest for t = 0; `none`: 1 for both"),
    ] + ClassMap.keys + [
      Key(
        "exclusive", .boolean, default: "true with `classes`, else false",
        "softmax over the channels instead of a sigmoid of each")
    ])
  public let gamma: Double
  public let alpha: Double?
  public let classes: Int?
  public let ignore: Int?
  public let isExclusive: Bool

  public init(
    gamma: Double = 2, alpha: Double? = 0.25, classes: Int? = nil, ignore: Int? = nil,
    isExclusive: Bool? = nil
  ) {
    let isExclusive = isExclusive ?? (classes != nil)
    (self.gamma, self.classes, self.ignore, self.isExclusive) = (gamma, classes, ignore, isExclusive)
    self.alpha = isExclusive ? nil : alpha
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    gamma = try arguments.number(
      "gamma", or: 2, NumberRange(text: "0, or at least 1") { $0 == 0 || $0 >= 1 })
    classes = try arguments.classes()
    ignore = try arguments.ignoredClass()
    isExclusive = arguments.boolean("exclusive") ?? (classes != nil)
    if isExclusive, arguments.number("alpha") != nil {
      throw PlanError("exclusive classes have no `alpha`", at: arguments.mark("alpha"))
    }
    alpha =
      isExclusive || arguments.text("alpha") == "none"
      ? nil : try arguments.number("alpha", or: 0.25, .unit)
  }
  public var takesRawTargets: Bool { true }
  public var keys: [(String, ConfigValue)] {
    var keys = changed(("gamma", gamma, 2))
    if let alpha {
      keys += changed(("alpha", alpha, 0.25))
    } else if !isExclusive {
      keys.append(("alpha", .text("none")))
    }
    if let classes { keys.append(("classes", .integer(classes))) }
    if let ignore { keys.append(("ignore", .integer(ignore))) }
    if isExclusive != (classes != nil) { keys.append(("exclusive", .boolean(isExclusive))) }
    return keys
  }
  public var channelsPerVariable: Int { classes ?? 1 }

  public func build(_ prediction: Value, _ target: Value, weights: Value?, in graph: inout Graph)
    throws(GraphError) -> Value
  {
    if !isExclusive, classes == nil {
      try graph.expect(prediction, fits: target, Self.declaration.name)
      return try graph.weightedMean(try binary(prediction, target, in: &graph), weights: weights)
    }
    let map = try ClassMap(
      prediction, target, weights: weights, classes: classes, ignore: ignore, Self.declaration.name,
      in: &graph)
    let losses: Value
    if isExclusive {
      let logarithm = try graph.one(Compute.LogSoftmax(axis: 1), map.logits)
      var parts = try graph.one(Mul(), map.oneHot, try graph.one(Neg(), logarithm))
      if gamma > 0 {
        // Held at 0 from below: rounding may put a probability above 1.
        let rest = try graph.one(
          Relu(), try graph.one(Sub(), graph.constant(1), try graph.one(Exp(), logarithm)))
        parts = try graph.one(Mul(), parts, try graph.one(Pow(), rest, graph.constant(gamma)))
      }
      losses = try graph.one(ReduceSum(axes: [1], keepsDimensions: true), parts)
    } else {
      losses = try binary(map.logits, map.oneHot, in: &graph)
    }
    return try map.checked(try graph.weightedMean(losses, weights: map.weights), in: &graph)
  }

  /// t alpha (1 - p)^gamma softplus(-x) + (1 - t) (1 - alpha) p^gamma softplus(x), powers as exponentials of
  /// softplus: nothing overflows, whatever the logits.
  private func binary(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError) -> Value
  {
    let yes = try graph.one(Compute.Softplus(), try graph.one(Neg(), prediction))
    let no = try graph.one(Compute.Softplus(), prediction)
    var hit = try graph.one(Mul(), target, yes)
    var miss = try graph.one(Mul(), try graph.one(Sub(), graph.constant(1), target), no)
    if gamma > 0 {
      hit = try graph.one(
        Mul(), hit, try graph.one(Exp(), try graph.one(Mul(), no, graph.constant(-gamma))))
      miss = try graph.one(
        Mul(), miss, try graph.one(Exp(), try graph.one(Mul(), yes, graph.constant(-gamma))))
    }
    if let alpha {
      hit = try graph.one(Mul(), hit, graph.constant(alpha))
      miss = try graph.one(Mul(), miss, graph.constant(1 - alpha))
    }
    return try graph.one(Add(), hit, miss)
  }

  /// Probabilities.
  public func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    isExclusive
      ? try ClassMap.probabilities(prediction, classes: classes, in: &graph)
      : try graph.one(Compute.Sigmoid(), prediction)
  }
}
