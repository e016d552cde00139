import Basics
import Compute
import Tensors

/// Fast super-resolution (Dong, Loy and Tang 2016): features on the coarse grid, shrinking, mapping and expanding by
/// small convolutions, then one transposed convolution to the fine grid.
public struct FSRCNN: Model {
  public static let declaration = Declaration(
    name: "fsrcnn", summary: "super-resolution on the coarse grid, enlarged at the end (Dong et al. 2016)",
    keys: [
      Key("scale", .integer, default: "2", "how many times finer the output is"),
      Key("outputs", .integer, default: "1", "channels of the output"),
      Key("d", .integer, default: "56", "channels of the features"),
      Key("s", .integer, default: "12", "channels of the mapping"),
      Key("m", .integer, default: "4", "convolutions of the mapping"),
      Key(
        "activation", .other("a layer: a name, or a mapping with one name and its keys"), default: "prelu",
        "the layer behind each convolution"),
      Key("bias", .boolean, default: "true", "add a trained number to each channel"),
    ])
  public static let published = [
    Published(
      [("scale", .integer(3)), ("bias", .boolean(false)), ("activation", .text("relu"))], input: [1, 11, 11],
      parameters: 12_464, source: "Dong et al. 2016: FSRCNN (56, 12, 4), weights of the convolutions alone"),
    Published(
      [("scale", .integer(3))], input: [1, 11, 11], parameters: 12_809,
      source: "the same with 173 biases and 172 slopes of rectifiers"),
  ]
  public var scale = 2
  public var outputs = 1
  public var d = 56
  public var s = 12
  public var m = 4
  public var activation: any Layer = PReLU()
  public var bias = true

  public init(
    scale: Int = 2, outputs: Int = 1, d: Int = 56, s: Int = 12, m: Int = 4, activation: any Layer = PReLU(),
    bias: Bool = true
  ) {
    (self.scale, self.outputs, self.d, self.s, self.m) = (scale, outputs, d, s, m)
    (self.activation, self.bias) = (activation, bias)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    scale = try arguments.whole("scale", to: 9) ?? 2
    outputs = try arguments.whole("outputs") ?? 1
    d = try arguments.whole("d") ?? 56
    s = try arguments.whole("s") ?? 12
    m = try arguments.whole("m", minimum: 0, to: 1000) ?? 4
    activation = arguments.value("activation").flatMap { decoding.layer($0) } ?? PReLU()
    bias = arguments.boolean("bias") ?? true
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("scale", scale, unless: 2) { .integer($0) }
    keys.add("outputs", outputs, unless: 1) { .integer($0) }
    keys.add("d", d, unless: 56) { .integer($0) }
    keys.add("s", s, unless: 12) { .integer($0) }
    keys.add("m", m, unless: 4) { .integer($0) }
    let text = activation.configuration
    keys.add("activation", text, unless: .text("prelu")) { $0 }
    keys.add("bias", bias, unless: true) { .boolean($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try Block(steps()).apply(input, in: &network)
  }

  @LayerBuilder private func steps() -> [any Layer] {
    Conv(d, kernel: 5, bias: bias)
    activation
    Conv(s, kernel: 1, bias: bias)
    activation
    for _ in 0..<m {
      Conv(s, kernel: 3, bias: bias)
      activation
    }
    Conv(d, kernel: 1, bias: bias)
    activation
    ConvTranspose(outputs, kernel: 9, stride: Sizes(scale), bias: bias)
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with(channels: outputs) { $1 * scale } }
}
