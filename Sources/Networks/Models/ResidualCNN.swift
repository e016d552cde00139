import Basics
import Compute
import Tensors

/// Residual blocks of two convolutions, all at full size (the trunk of EDSR and SRResNet).
public struct ResidualCNN: Model {
  public static let declaration = Declaration(
    name: "residual-cnn", summary: "residual blocks of two convolutions, all at full size",
    keys: CNNKeys.declared + [Key("scale", .number, default: "1", "factor of each block's output")])
  public static let published: [Published] = []
  public let options: CNNKeys
  public let scale: Double

  public init(
    outputs: Int = 1, width: Int = 32, depth: Int = 4, kernel: Int = 3, batchNorm: Bool = false,
    activation: any Layer = ReLU(), residual: [Int] = [], scale: Double = 1
  ) {
    options = CNNKeys(
      outputs: outputs, width: width, depth: depth, kernel: kernel, batchNorm: batchNorm,
      activation: activation, residual: residual)
    self.scale = scale
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    options = try CNNKeys(arguments, decoding)
    scale = arguments.number("scale") ?? 1
  }
  public var keys: [(String, ConfigValue)] {
    var keys = options.keys
    keys.add("scale", scale, unless: 1) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    func stack(_ count: Int) -> [any Layer] {
      Stack.convolutions(
        options.width, count: count, kernel: Sizes(options.kernel), batchNorm: options.batchNorm,
        activation: options.activation)
    }
    var value = try network.apply("stem", input) { stack(1) }
    for block in 0..<options.depth {
      // No activation behind the second convolution: the sum is what goes on.
      value = try network.apply(
        "blocks.\(block)", Residual(scale: scale) { Array(stack(2).dropLast()) }, value)
    }
    return try options.head(value, input, in: &network)
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with(channels: options.outputs) }
}
