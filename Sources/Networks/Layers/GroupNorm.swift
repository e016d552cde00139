import Basics
import Compute

/// Group normalisation (Wu and He 2018): each sample's channels in groups, over channels and space. Parameters
/// `weight`, `bias` [channels].
public struct GroupNorm: Layer {
  public static let declaration = Declaration(
    name: "group-norm", summary: "normalise groups of channels of each sample",
    keys: [
      Key("groups", .integer, required: true, "parts of the channels"),
      Key("affine", .boolean, default: "true", "with a trained scale and shift"),
      Key("epsilon", .number, default: "1e-5", "added to the variance"),
    ])
  public let groups: Int
  public let affine: Bool
  public let epsilon: Double

  public init(_ groups: Int, affine: Bool = true, epsilon: Double = 1e-5) {
    (self.groups, self.affine, self.epsilon) = (groups, affine, epsilon)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    groups = try arguments.whole("groups") ?? 1
    affine = arguments.boolean("affine") ?? true
    epsilon = try arguments.number("epsilon", in: 0...1e6) ?? 1e-5
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = [("groups", .integer(groups))]
    keys.add("affine", affine, unless: true) { .boolean($0) }
    keys.add("epsilon", epsilon, unless: 1e-5) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let shape = network.shape(input)
    guard shape.rank >= 2, shape.count > 0 else { throw network.error("needs [batch, channels, ...]", input) }
    let extents = [shape.extents[1]]
    let (scale, shift) = try network.scaleAndShift(extents, isTrained: affine)
    return try network.graph.one(
      Compute.GroupNormalization(groups: groups, epsilon: epsilon), input, scale, shift)
  }
}
