import Basics
import Compute

/// level x e for e = target - prediction above 0, (level - 1) x e below: predicts a quantile (Koenker and Bassett
/// 1978), also called pinball loss.
public struct Quantile: ElementLoss {
  public static let declaration = Declaration(
    name: "quantile", summary: "predicts a quantile (pinball loss; Koenker and Bassett 1978)",
    keys: [Key("level", .number, required: true, "the quantile: 0.9 is exceeded once in ten times")])
  public let level: Double

  public init(level: Double) { self.level = level }
  public init(_ arguments: Arguments) throws(PlanError) {
    level = try arguments.number("level", or: 0.5, .unit)
  }
  public var keys: [(String, ConfigValue)] { [("level", .number(level))] }

  public func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    let error = try graph.one(Sub(), target, prediction)
    return try graph.one(
      Max(), try graph.one(Mul(), error, graph.constant(level)),
      try graph.one(Mul(), error, graph.constant(level - 1)))
  }
}
