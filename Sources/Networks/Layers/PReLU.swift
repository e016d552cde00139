import Basics
import Compute

/// x above 0, a trained slope times x below (He et al. 2015). Parameter `weight` [channels], or [1] when shared.
public struct PReLU: Layer {
  public static let declaration = Declaration(
    name: "prelu", summary: "x, or a trained slope times x below 0",
    keys: [
      Key("slope", .number, default: "0.25", "the slope to begin with"),
      Key("shared", .boolean, default: "false", "one slope for all channels"),
    ])
  public let slope: Double
  public let shared: Bool

  public init(slope: Double = 0.25, shared: Bool = false) { (self.slope, self.shared) = (slope, shared) }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    slope = try arguments.number("slope", in: -1e6...1e6) ?? 0.25
    shared = arguments.boolean("shared") ?? false
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("slope", slope, unless: 0.25) { .number($0) }
    keys.add("shared", shared, unless: false) { .boolean($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let rank = network.shape(input).rank
    guard rank >= 2 else {
      throw network.error("a slope for each channel needs [batch, channels, ...]", input)
    }
    let count = shared ? 1 : network.channels(input)
    let slopes = try network.parameter("weight", [count], Constant(slope))
    let column = try network.graph.one(Compute.Reshape([count] + (2..<rank).map { _ in 1 }), slopes)
    return try network.graph.one(Compute.PRelu(), input, column)
  }
}
