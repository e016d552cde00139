import Basics
import Compute
import Tensors

/// Convolutions of one size with rectifiers between them, nothing else: the plain network that others are
/// compared with.
public struct PlainCNN: Model {
  public static let declaration = Declaration(
    name: "plain-cnn", summary: "convolutions with activations between them, all at full size",
    keys: CNNKeys.declared)
  public static let published: [Published] = []
  public let options: CNNKeys

  public init(
    outputs: Int = 1, width: Int = 32, depth: Int = 4, kernel: Int = 3, batchNorm: Bool = false,
    activation: any Layer = ReLU(), residual: [Int] = []
  ) {
    options = CNNKeys(
      outputs: outputs, width: width, depth: depth, kernel: kernel, batchNorm: batchNorm,
      activation: activation, residual: residual)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    options = try CNNKeys(arguments, decoding)
  }
  public var keys: [(String, ConfigValue)] { options.keys }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let body = try network.apply("body", input) {
      for _ in 1..<max(1, options.depth) {
        Stack.convolutions(
          options.width, count: 1, kernel: Sizes(options.kernel), batchNorm: options.batchNorm,
          activation: options.activation)
      }
    }
    return try options.head(body, input, in: &network)
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with(channels: options.outputs) }
}
