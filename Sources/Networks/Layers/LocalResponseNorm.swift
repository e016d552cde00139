import Basics
import Compute

/// Local response normalisation across channels (Krizhevsky et al. 2012):
/// x / (k + alpha / size (sum of the squares of `size` neighbouring channels))^beta.
public struct LocalResponseNorm: Layer {
  public static let declaration = Declaration(
    name: "lrn", summary: "local response normalisation across channels",
    discussion: "The paper's alpha is not divided by the size: give size x alpha to have it.",
    keys: [
      Key("size", .integer, default: "5", "neighbouring channels that count"),
      Key("alpha", .number, default: "1e-4", "factor of the squares"),
      Key("beta", .number, default: "0.75", "exponent"),
      Key("k", .number, default: "1", "added to the squares"),
    ])
  public let size: Int
  public let alpha: Double
  public let beta: Double
  public let k: Double

  public init(size: Int = 5, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
    (self.size, self.alpha, self.beta, self.k) = (size, alpha, beta, k)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(
      size: try arguments.whole("size") ?? 5, alpha: try arguments.number("alpha", in: 0...1e6) ?? 1e-4,
      beta: try arguments.number("beta", in: 0...1e3) ?? 0.75,
      k: try arguments.number("k", in: 1e-9...1e6) ?? 1)
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("size", size, unless: 5) { .integer($0) }
    keys.add("alpha", alpha, unless: 1e-4) { .number($0) }
    keys.add("beta", beta, unless: 0.75) { .number($0) }
    keys.add("k", k, unless: 1) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.LRN(size: size, alpha: alpha, beta: beta, bias: k, before: size / 2), input)
  }
}
