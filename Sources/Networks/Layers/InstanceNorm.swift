import Basics
import Compute

/// Instance normalisation (Ulyanov et al. 2016): each channel of each sample over space. Parameters `weight`, `bias`
/// [channels]; none when not `affine`, as in PyTorch.
public struct InstanceNorm: Layer {
  public static let declaration = Declaration(
    name: "instance-norm", summary: "normalise each channel of each sample over space",
    keys: [
      Key("affine", .boolean, default: "false", "with a trained scale and shift"),
      Key("epsilon", .number, default: "1e-5", "added to the variance"),
    ])
  public let affine: Bool
  public let epsilon: Double

  public init(affine: Bool = false, epsilon: Double = 1e-5) {
    (self.affine, self.epsilon) = (affine, epsilon)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    affine = arguments.boolean("affine") ?? false
    epsilon = try arguments.number("epsilon", in: 0...1e6) ?? 1e-5
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("affine", affine, unless: false) { .boolean($0) }
    keys.add("epsilon", epsilon, unless: 1e-5) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let shape = network.shape(input)
    guard shape.rank >= 2, shape.count > 0 else { throw network.error("needs [batch, channels, ...]", input) }
    let extents = [shape.extents[1]]
    let (scale, shift) = try network.scaleAndShift(extents, isTrained: affine)
    return try network.graph.one(
      Compute.InstanceNormalization(epsilon: epsilon), input, scale, shift)
  }
}

extension NetworkBuilder {
  /// The trained scale and shift of a normalisation, or constant ones and zeros.
  mutating func scaleAndShift(_ extents: [Int], isTrained: Bool) throws(GraphError) -> (Value, Value) {
    if isTrained {
      return (try parameter("weight", extents, Constant(1)), try parameter("bias", extents, Constant(0)))
    }
    let count = extents.reduce(1, *)
    return (
      try graph.constant([Double](repeating: 1, count: count), extents),
      try graph.constant([Double](repeating: 0, count: count), extents)
    )
  }
}
