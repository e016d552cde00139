import Basics
import Compute

/// The mean of (prediction - target)^2; PyTorch's `MSELoss`.
public struct MeanSquaredError: ElementLoss {
  public static let declaration = Declaration(
    name: "mse", summary: "mean of the squared error", keys: [])
  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    try graph.one(Square(), try graph.one(Sub(), prediction, target))
  }
}
