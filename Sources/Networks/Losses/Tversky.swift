import Basics
import Compute

/// 1 - (TP + s) / (TP + alpha FP + beta FN + s) (Salehi, Erdogmus and Gholipour 2017), from logits, softly: sums of probabilities over batch and places
/// for each class, mean over the classes.
public struct Tversky: Loss {
  public static let declaration = Declaration(
    name: "tversky", summary: "overlap with a price each for false alarms and misses (Salehi et al. 2017)",
    keys: [
      Key("alpha", .number, default: "0.3", "the price of false alarms"),
      Key("beta", .number, default: "0.7", "the price of misses"),
    ] + Overlap.keys)
  private let overlap: Overlap
  public let alpha: Double
  public let beta: Double

  /// - Parameters:
  ///   - classes: how many, when the target is a map of class numbers.
  ///   - ignore: the number in the map that stands for no class.
  ///   - isExclusive: softmax over the channels; nil: when there are `classes`.
  public init(
    alpha: Double = 0.3, beta: Double = 0.7, classes: Int? = nil, ignore: Int? = nil,
    isExclusive: Bool? = nil, smooth: Double = 1
  ) {
    (self.alpha, self.beta) = (alpha, beta)
    overlap = Overlap(classes: classes, ignore: ignore, isExclusive: isExclusive, smooth: smooth)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    overlap = try Overlap(arguments)
    alpha = try arguments.number("alpha", or: 0.3, .notNegative)
    beta = try arguments.number("beta", or: 0.7, .notNegative)
  }
  public var takesRawTargets: Bool { true }
  public var keys: [(String, ConfigValue)] {
    changed(("alpha", alpha, 0.3), ("beta", beta, 0.7)) + overlap.keys
  }
  public var channelsPerVariable: Int { overlap.classes ?? 1 }

  public func build(_ prediction: Value, _ target: Value, weights: Value?, in graph: inout Graph)
    throws(GraphError) -> Value
  {
    try overlap.loss(
      prediction, target, weights: weights, alpha: alpha, beta: beta, smooth: overlap.smooth,
      Self.declaration.name,
      in: &graph)
  }

  /// Probabilities.
  public func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    try overlap.expectation(prediction, in: &graph)
  }
}
