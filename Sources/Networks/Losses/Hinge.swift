import Basics
import Compute

/// max(0, margin - s x) with s = 2 t - 1 for a target t of 0 or 1, or its square (`squared: true`, the L2-SVM;
/// Tang 2013), for each channel alone: with one channel a class this is one against the rest, in which the
/// classes that are not the target count as -1.
public struct Hinge: ElementLoss {
  public static let declaration = Declaration(
    name: "hinge", summary: "margin of a support vector machine, for targets of 0 and 1",
    keys: [
      Key("squared", .boolean, default: "false", "the square of it (Tang 2013)"),
      Key("margin", .number, default: "1", "how far beyond 0 is far enough"),
    ])
  public let isSquared: Bool
  public let margin: Double

  public init(isSquared: Bool = false, margin: Double = 1) {
    (self.isSquared, self.margin) = (isSquared, margin)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    isSquared = arguments.boolean("squared") ?? false
    margin = try arguments.number("margin", or: 1, .positive)
  }
  public var takesRawTargets: Bool { true }
  public var keys: [(String, ConfigValue)] {
    (isSquared ? [("squared", .boolean(true))] : []) + changed(("margin", margin, 1))
  }

  public func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    let sign = try graph.one(Sub(), try graph.one(Mul(), target, graph.constant(2)), graph.constant(1))
    let gap = try graph.one(
      Sub(), graph.constant(margin), try graph.one(Mul(), sign, prediction))
    let loss = try graph.one(Relu(), gap)
    return isSquared ? try graph.one(Square(), loss) : loss
  }
}
