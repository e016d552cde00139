import Basics
import Compute

/// Layer normalisation (Ba et al. 2016): each sample over all channels and space. Parameters `weight`, `bias` of the
/// shape of a sample, so the network has one size of input.
public struct LayerNorm: Layer {
  public static let declaration = Declaration(
    name: "layer-norm", summary: "normalise each sample",
    keys: [
      Key("affine", .boolean, default: "true", "with a trained scale and shift"),
      Key("epsilon", .number, default: "1e-5", "added to the variance"),
    ])
  public let affine: Bool
  public let epsilon: Double

  public init(affine: Bool = true, epsilon: Double = 1e-5) {
    (self.affine, self.epsilon) = (affine, epsilon)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    affine = arguments.boolean("affine") ?? true
    epsilon = try arguments.number("epsilon", in: 0...1e6) ?? 1e-5
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("affine", affine, unless: true) { .boolean($0) }
    keys.add("epsilon", epsilon, unless: 1e-5) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let shape = network.shape(input)
    guard shape.rank >= 2, shape.count > 0 else { throw network.error("needs [batch, channels, ...]", input) }
    let extents = Array(shape.extents[1...])
    let (scale, shift) = try network.scaleAndShift(extents, isTrained: affine)
    return try network.graph.one(
      Compute.LayerNormalization(axis: 1, epsilon: epsilon), input, scale, shift)
  }
}
