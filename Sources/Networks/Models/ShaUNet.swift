import Basics
import Compute
import Tensors

/// The UNet of Sha et al. 2020 (J. Appl. Meteor. Climatol. 59, 2057 and 2075) for temperature and precipitation:
/// narrower than the original, strided convolutions instead of pooling, one convolution at each level behind two at
/// the input, batch normalisation everywhere, 3x3 transposed convolutions. Layers as in the authors' code.
public struct ShaUNet: Model {
  public static let declaration = Declaration(
    name: "sha-unet", summary: "strided, narrower UNet for downscaling (Sha et al. 2020)",
    discussion: """
      `widths: [56, 112, 224, 448]` is that for temperature, `[64, 96, 128, 160]` that for precipitation. \
      `nested: true` is the Nest-UNet of part II. `second-output` adds the head that rebuilds the relief (UNet-AE, \
      with `dropout: 0.05`): its mean absolute error against the channel `relief` of the input counts in the loss.
      """,
    keys: [
      Key("widths", .list(.integer), default: "[56, 112, 224, 448]", "channels of each level"),
      Key("outputs", .integer, default: "1", "channels of the output"),
      Key("input-convolutions", .integer, default: "2", "convolutions at the first level"),
      Key("down", .choice(["conv", "max-pool"]), default: "conv", "how the size is halved"),
      Key("nested", .boolean, default: "false", "with nested skips (Nest-UNet)"),
      Key("second-output", .number, default: "0", "weight in the loss of a second head, `relief`; 0: none"),
      Key(
        "relief", .integer, default: "-1",
        "the channel of the input that the second head rebuilds; -1 is the last"),
      Key("dropout", .number, default: "0", "probability that a channel is dropped at the bottom"),
      Stack.activationKey,
    ])
  private static let precipitation = ConfigValue.list([64, 96, 128, 160].map { .integer($0) })
  public static let published = [
    Published(
      input: [3, 64, 64], parameters: 5_897_255,
      source: "Sha et al. 2020a: UNet for temperature (the authors' layers, trainable)"),
    Published(
      [("widths", precipitation)], input: [3, 64, 64], parameters: 1_811_431,
      source: "Sha et al. 2020b: UNet for precipitation (the authors' layers, trainable)"),
    Published(
      [("second-output", .number(1)), ("dropout", .number(0.05))], input: [3, 64, 64], parameters: 5_898_270,
      source: "Sha et al. 2020a: UNet-AE, that for temperature with the second head of as many layers"),
    Published(
      [("widths", precipitation), ("nested", .boolean(true))], input: [3, 64, 64], parameters: 2_697_287,
      source: "Sha et al. 2020b: Nest-UNet for precipitation (the authors' layers, trainable)"),
  ]
  public var widths = [56, 112, 224, 448]
  public var outputs = 1
  public var inputConvolutions = 2
  public var pools = false
  public var nested = false
  public var secondOutput = 0.0
  public var relief = -1
  public var dropout = 0.0
  public var activation: any Layer = ReLU()

  public init(
    widths: [Int] = [56, 112, 224, 448], outputs: Int = 1, inputConvolutions: Int = 2, pools: Bool = false,
    nested: Bool = false, secondOutput: Double = 0, relief: Int = -1, dropout: Double = 0,
    activation: any Layer = ReLU()
  ) {
    (self.widths, self.outputs, self.inputConvolutions) = (widths, outputs, inputConvolutions)
    (self.pools, self.nested, self.secondOutput, self.relief) = (pools, nested, secondOutput, relief)
    (self.dropout, self.activation) = (dropout, activation)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    widths = arguments.list("widths")?.compactMap(\.integer) ?? widths
    guard (2...12).contains(widths.count), widths.allSatisfy({ (1...1 << 16).contains($0) }) else {
      throw PlanError("`widths` must be 2 to 12 numbers above 0", at: arguments.mark("widths"))
    }
    outputs = try arguments.whole("outputs") ?? 1
    inputConvolutions = try arguments.whole("input-convolutions", to: 64) ?? 2
    pools = arguments.text("down") == "max-pool"
    nested = arguments.boolean("nested") ?? false
    secondOutput = try arguments.number("second-output", in: 0...1e6) ?? 0
    relief = try arguments.whole("relief", minimum: -1) ?? -1
    dropout = try arguments.number("dropout", in: 0...0.999) ?? 0
    activation = Stack.activation(arguments, decoding)
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("widths", widths, unless: [56, 112, 224, 448]) { .list($0.map { .integer($0) }) }
    keys.add("outputs", outputs, unless: 1) { .integer($0) }
    keys.add("input-convolutions", inputConvolutions, unless: 2) { .integer($0) }
    keys.add("down", pools, unless: false) { _ in .text("max-pool") }
    keys.add("nested", nested, unless: false) { .boolean($0) }
    keys.add("second-output", secondOutput, unless: 0) { .number($0) }
    keys.add("relief", relief, unless: -1) { .integer($0) }
    keys.add("dropout", dropout, unless: 0) { .number($0) }
    keys.add("activation", Stack.configuration(of: activation))
    return keys
  }

  /// Convolution without bias, batch normalisation (with the constants of Keras), activation.
  @LayerBuilder private func stack(_ width: Int, _ count: Int, kernel: Sizes = 3, stride: Sizes = 1)
    -> [any Layer]
  {
    for _ in 0..<count {
      Conv(width, kernel: kernel, stride: stride, padding: stride == 1 ? .same : .valid, bias: false)
      BatchNorm(momentum: 0.01, epsilon: 1e-3)
      activation
    }
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    _ = try network.spatialRank(input, "a UNet")
    let levels = widths.count - 1
    guard levels >= 1 else { throw network.error("needs at least two widths", input) }
    try network.requireDivisible(input, by: 1 << levels, "a UNet of depth \(levels)")
    var first = [try network.apply("encoder.0", input) { stack(widths[0], inputConvolutions) }]
    for level in 1...levels {
      first.append(
        try network.apply("encoder.\(level)", first[level - 1]) {
          if pools { MaxPool(2) }
          if !pools { stack(widths[level], 1, kernel: 2, stride: 2) }
          stack(widths[level], 1)
          if dropout > 0, level == levels { SpatialDropout(dropout) }
        })
    }
    let body = nested ? try nest(first, in: &network) : try decode(first, in: &network)
    if secondOutput > 0 {
      let count = network.channels(input)
      guard relief < count else {
        throw network.error("there is no channel \(relief) to rebuild: channels are counted from 0", input)
      }
      network.addOutput(
        "relief", try head("relief", body, outputs: 1, in: &network), weight: secondOutput,
        rebuilds: Rebuilding((relief < 0 ? count - 1 : relief)..<(relief < 0 ? count : relief + 1), .absolute)
      )
    }
    return try head("head", body, outputs: outputs, in: &network)
  }

  private func decode(_ encoded: [Value], in network: inout NetworkBuilder) throws(GraphError) -> Value {
    var value = encoded[encoded.count - 1]
    for level in (0..<encoded.count - 1).reversed() {
      let width = widths[level]
      let raised = try network.apply("decoder.\(level).up", value) {
        ConvTranspose(width, kernel: 3, stride: 2)
        stack(width, 1)
      }
      value = try network.scoped("decoder.\(level)") { network throws(GraphError) in
        let both = try network.concatenated([encoded[level], raised], .error, "the skip")
        return try Block(stack(width, 1)).apply(both, in: &network)
      }
    }
    return value
  }

  private func nest(_ encoded: [Value], in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.nested(
      encoded, up: { ConvTranspose(widths[$0], kernel: 3, stride: 2) },
      node: { Block(stack(widths[$0], 2)) }
    ).last ?? encoded[0]
  }

  private func head(_ name: String, _ body: Value, outputs: Int, in network: inout NetworkBuilder)
    throws(GraphError) -> Value
  {
    try network.apply(name, body) {
      stack(2 * outputs, 1)
      Conv(outputs, kernel: 1)
    }
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with(channels: outputs) }
}
