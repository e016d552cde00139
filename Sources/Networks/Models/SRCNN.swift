import Basics
import Compute
import Tensors

/// Super-resolution by three convolutions (Dong et al. 2014): features, mapping, reconstruction. Its input is
/// interpolated to the fine grid already, or is by `upscale`.
public struct SRCNN: Model {
  public static let declaration = Declaration(
    name: "srcnn", summary: "super-resolution by three convolutions (Dong et al. 2014)",
    discussion: """
      `kernels: [9, 1, 5]` is the published 9-1-5, `[9, 5, 5]` the larger one. `variant: transposed` reconstructs by a \
      transposed convolution, as some texts have it; published is an ordinary one.
      """,
    keys: SuperResolution.declared + [
      Key("variant", .choice(["original", "transposed"]), default: "original", "how the output is made"),
      Key("upscale", .integer, default: "1", "interpolate the input (bicubic) to a grid so many times finer"),
      Key("bias", .boolean, default: "true", "add a trained number to each channel"),
    ])
  public static let published = [
    Published(
      input: [1, 33, 33], parameters: 8_129, source: "Dong et al. 2016: 9-1-5, 8,032 weights and 97 biases"),
    Published(
      [("bias", .boolean(false))], input: [1, 33, 33], parameters: 8_032,
      source: "Dong et al. 2016: 9-1-5, weights alone"),
    Published(
      [("kernels", .list([.integer(9), .integer(5), .integer(5)]))], input: [1, 33, 33], parameters: 57_281,
      source: "Dong et al. 2016: 9-5-5, 57,184 weights and 97 biases"),
    Published(
      [("kernels", .list([.integer(9), .integer(5), .integer(5)])), ("bias", .boolean(false))],
      input: [1, 33, 33], parameters: 57_184, source: "Dong et al. 2016: 9-5-5, weights alone"),
    Published(
      [("variant", .text("transposed"))], input: [1, 33, 33], parameters: 8_129,
      source: "9-1-5 with a transposed convolution at the end"),
  ]

  public let shape: SuperResolution
  public let isTransposed: Bool
  public let upscale: Int
  public let bias: Bool

  public init(
    outputs: Int = 1, kernels: [Int] = [9, 1, 5], filters: [Int] = [64, 32], valid: Bool = false,
    transposed: Bool = false, upscale: Int = 1, bias: Bool = true, residual: [Int] = []
  ) {
    shape = SuperResolution(
      outputs: outputs, kernels: kernels, filters: filters, isValid: valid, residual: residual)
    (isTransposed, self.upscale, self.bias) = (transposed, upscale, bias)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    shape = try SuperResolution(arguments, kernels: [9, 1, 5], filters: [64, 32])
    isTransposed = arguments.text("variant") == "transposed"
    upscale = try arguments.whole("upscale", to: 64) ?? 1
    bias = arguments.boolean("bias") ?? true
  }
  public var keys: [(String, ConfigValue)] {
    var keys = shape.keys(kernels: [9, 1, 5], filters: [64, 32])
    keys.add("variant", isTransposed, unless: false) { _ in .text("transposed") }
    keys.add("upscale", upscale, unless: 1) { .integer($0) }
    keys.add("bias", bias, unless: true) { .boolean($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let fine =
      upscale == 1
      ? input : try network.apply("upscale", Resize(scale: Double(upscale), .bicubic), input)
    return try shape.apply(fine, bias: bias, isTransposed: isTransposed, in: &network)
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.with(channels: shape.outputs) { $1 * upscale }
  }
}
