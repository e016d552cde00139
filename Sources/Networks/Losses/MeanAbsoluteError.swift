import Basics
import Compute

/// The mean of |prediction - target|; PyTorch's `L1Loss`. Predicts the median.
public struct MeanAbsoluteError: ElementLoss {
  public static let declaration = Declaration(
    name: "mae", summary: "mean of the absolute error", keys: [])
  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    try graph.one(Abs(), try graph.one(Sub(), prediction, target))
  }
}
