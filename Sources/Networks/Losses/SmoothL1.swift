import Basics
import Compute

/// e^2 / (2 beta) up to |e| = beta, |e| - beta / 2 beyond (Girshick 2015); PyTorch's `SmoothL1Loss`: Huber's loss
/// divided by its delta.
public struct SmoothL1: ElementLoss {
  public static let declaration = Declaration(
    name: "smooth-l1", summary: "absolute error, rounded at the bottom (Girshick 2015)",
    keys: [Key("beta", .number, default: "1", "the error where it becomes absolute")])
  public let beta: Double

  public init(beta: Double = 1) { self.beta = beta }
  public init(_ arguments: Arguments) throws(PlanError) {
    beta = try arguments.number("beta", or: 1, .positive)
  }
  public var keys: [(String, ConfigValue)] { changed(("beta", beta, 1)) }

  public func elements(_ prediction: Value, _ target: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    let huber = try Huber(delta: beta).elements(prediction, target, in: &graph)
    return try graph.one(Mul(), huber, graph.constant(1 / beta))
  }
}
