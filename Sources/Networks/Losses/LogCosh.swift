import Basics
import Compute

/// log(cosh(e)), reckoned as |e| + log(1 + exp(-2 |e|)) - log 2, which does not overflow.
public struct LogCosh: ElementLoss {
  public static let declaration = Declaration(
    name: "log-cosh", summary: "squared for small errors, absolute for large ones, smooth throughout",
    keys: [])
  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    // e + softplus(-2 e) - log 2: the same for e and -e.
    let error = try graph.one(Sub(), prediction, target)
    let tail = try graph.one(Compute.Softplus(), try graph.one(Mul(), error, graph.constant(-2)))
    return try graph.one(Sub(), try graph.one(Add(), error, tail), graph.constant(Double.log(2)))
  }
}
