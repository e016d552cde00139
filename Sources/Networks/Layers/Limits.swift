import Basics
import Compute

/// Numbers held between two limits: probabilities, shares, what cannot be negative. Beyond them there is no gradient.
public struct Limits: Layer {
  public static let declaration = Declaration(
    name: "clip", summary: "numbers held between two limits",
    keys: [
      Key("low", .number, default: "none", "the least that comes out"),
      Key("high", .number, default: "none", "the most that comes out"),
    ])
  public let low: Double?
  public let high: Double?

  public init(low: Double? = nil, high: Double? = nil) { (self.low, self.high) = (low, high) }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    low = arguments.number("low")
    high = arguments.number("high")
    if low == nil, high == nil {
      throw PlanError("`clip` needs `low` or `high`", at: arguments.mark("clip"))
    }
    if let low, let high, low > high {
      throw PlanError("`low`, \(low), is above `high`, \(high)", at: arguments.mark("low"))
    }
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("low", low.map { .number($0) })
    keys.add("high", high.map { .number($0) })
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.Clip(low: low ?? -.infinity, high: high ?? .infinity), input)
  }
}
