import Basics
import Compute

/// e^2 / 2 up to |e| = delta, delta (|e| - delta / 2) beyond (Huber 1964); PyTorch's `HuberLoss`.
public struct Huber: ElementLoss {
  public static let declaration = Declaration(
    name: "huber", summary: "squared for small errors, absolute for large ones (Huber 1964)",
    keys: [Key("delta", .number, default: "1", "the error where the one becomes the other")])
  public let delta: Double

  public init(delta: Double = 1) { self.delta = delta }
  public init(_ arguments: Arguments) throws(PlanError) {
    delta = try arguments.number("delta", or: 1, .positive)
  }
  public var keys: [(String, ConfigValue)] { changed(("delta", delta, 1)) }

  public func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    // q (|e| - q / 2) with q = min(|e|, delta).
    let error = try graph.one(Abs(), try graph.one(Sub(), prediction, target))
    let near = try graph.one(Clip(high: delta), error)
    let half = try graph.one(Mul(), near, graph.constant(0.5))
    return try graph.one(Mul(), near, try graph.one(Sub(), error, half))
  }
}
