import Basics
import Compute

/// 1 - (TP + s) / (TP + FP + FN + s), one minus intersection over union (Jaccard 1901), from logits, softly: sums of probabilities over batch and places
/// for each class, mean over the classes.
public struct Jaccard: Loss {
  public static let declaration = Declaration(
    name: "jaccard", summary: "intersection over union, for rare classes (Jaccard 1901)", keys: Overlap.keys)
  private let overlap: Overlap

  /// - Parameters:
  ///   - classes: how many, when the target is a map of class numbers.
  ///   - ignore: the number in the map that stands for no class.
  ///   - isExclusive: softmax over the channels; nil: when there are `classes`.
  public init(classes: Int? = nil, ignore: Int? = nil, isExclusive: Bool? = nil, smooth: Double = 1) {
    overlap = Overlap(classes: classes, ignore: ignore, isExclusive: isExclusive, smooth: smooth)
  }
  public init(_ arguments: Arguments) throws(PlanError) { overlap = try Overlap(arguments) }
  public var takesRawTargets: Bool { true }
  public var keys: [(String, ConfigValue)] { overlap.keys }
  public var channelsPerVariable: Int { overlap.classes ?? 1 }

  public func build(_ prediction: Value, _ target: Value, weights: Value?, in graph: inout Graph)
    throws(GraphError) -> Value
  {
    try overlap.loss(
      prediction, target, weights: weights, alpha: 1, beta: 1, smooth: overlap.smooth, Self.declaration.name,
      in: &graph)
  }

  /// Probabilities.
  public func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    try overlap.expectation(prediction, in: &graph)
  }
}
