import Basics
import Compute

/// The mean of (prediction - target)^2.
public struct MeanSquaredError: Loss {
  public static let declaration = Declaration(
    name: "mse", summary: "mean of the squared error", keys: [])
  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func build(_ prediction: Value, _ target: Value, weights: Value?, in graph: inout Graph)
    throws(GraphError) -> Value
  {
    let error = try graph.one(Add(), prediction, try graph.one(Mul(), target, graph.constant(-1)))
    let square = try graph.one(Mul(), error, error)
    let count = graph.shape(target).count
    let weighted = if let weights { try graph.one(Mul(), square, weights) } else { square }
    return try graph.one(
      Mul(), try graph.one(SumTo(.scalar), weighted), graph.constant(1 / Double(max(1, count))))
  }
}
