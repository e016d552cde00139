import Basics
import Networks
import Tensors
import Testing

/// The result builder and a configuration give the same declaration, and the same graph.
@Suite struct BuilderTests {
  typealias V = ConfigValue

  private func expectSame(
    _ built: NetworkSpec, _ value: ConfigValue, input: [Int], _ location: SourceLocation = #_sourceLocation
  ) throws {
    let read = try NetworkSpec(value)
    #expect(built.configuration.json.text == read.configuration.json.text, sourceLocation: location)
    // What was read is written the same way again.
    let again = try NetworkSpec(built.configuration)
    #expect(again.configuration.json.text == built.configuration.json.text, sourceLocation: location)
    for mode in [NetworkBuilder.Mode.training, .inference] {
      let networks = try [built, read, again].map { try $0.network(input: try Shape(input), mode) }
      #expect(Set(networks.map(Self.text)).count == 1, sourceLocation: location)
    }
  }

  /// Everything about a graph as text.
  static func text(_ network: Network) -> String {
    let nodes = network.graph.nodes.map { node in
      "\(type(of: node.op)) \(node.op) \(node.call.inputs.map(\.index)) \(node.call.outputs.map(\.index)) \(node.call.path)"
    }
    return
      (nodes + network.parameters.map { "\($0.name) \($0.shape) \($0.initialiser.configuration.json.text)" })
      .joined(separator: "\n")
  }

  private func level(_ depth: Int, _ width: Int) -> Block {
    Block {
      Conv(width, kernel: 3)
      BatchNorm()
      ReLU()
      if depth > 0 {
        Skip {
          MaxPool(2)
          level(depth - 1, width * 2)
          ConvTranspose(width, kernel: 2, stride: 2)
        }
        Conv(width, kernel: 3)
        BatchNorm()
        ReLU()
      }
    }
  }

  @Test func theUNetOfTheDesign() throws {
    func yaml(_ depth: Int, _ width: Int) -> ConfigValue {
      let stack: [V] = [
        .mapping([("conv", .mapping([("filters", .integer(width)), ("kernel", .integer(3))]))]),
        .text("batch-norm"), .text("relu"),
      ]
      guard depth > 0 else { return .list(stack) }
      let inner: [V] = [
        .mapping([("max-pool", .integer(2))]), yaml(depth - 1, width * 2),
        .mapping([("conv-transpose", .integer(width))]),
      ]
      return .list(stack + [.mapping([("skip", .mapping([("layers", .list(inner))]))])] + stack)
    }
    try expectSame(NetworkSpec(level(2, 4)), yaml(2, 4), input: [2, 3, 8, 12])
  }

  @Test func allBuilderForms() throws {
    func layers(_ deep: Bool, _ count: Int) -> NetworkSpec {
      NetworkSpec {
        Conv(4)
        if deep { ReLU() }
        if deep { Tanh() } else { Sigmoid() }
        for width in 1...count { Conv(width, kernel: 1) }
        [ELU(), SELU()] as [any Layer]
        if #available(macOS 10, *) { Softplus() }
        switch count {
        case 2: GELU()
        default: Swish()
        }
      }
    }
    try expectSame(
      layers(true, 2),
      .list([
        .mapping([("conv", .integer(4))]), .text("relu"), .text("tanh"),
        .mapping([("conv", .mapping([("filters", .integer(1)), ("kernel", .integer(1))]))]),
        .mapping([("conv", .mapping([("filters", .integer(2)), ("kernel", .integer(1))]))]),
        .text("elu"), .text("selu"), .text("softplus"), .text("gelu"),
      ]), input: [1, 2, 5])
    try expectSame(
      layers(false, 1),
      .list([
        .mapping([("conv", .integer(4))]), .text("sigmoid"),
        .mapping([("conv", .mapping([("filters", .integer(1)), ("kernel", .integer(1))]))]),
        .text("elu"), .text("selu"), .text("softplus"), .text("swish"),
      ]), input: [1, 2, 5])
    let empty = NetworkSpec { if layers(true, 1).configuration.list?.isEmpty == true { ReLU() } }
    #expect(empty.configuration.list?.count == 0)
  }

  struct Sample: Sendable, CustomTestStringConvertible {
    let layer: any Layer
    let value: ConfigValue
    let input: [Int]
    init(_ layer: any Layer, _ value: ConfigValue, _ input: [Int] = [2, 4, 8, 8]) {
      (self.layer, self.value, self.input) = (layer, value, input)
    }
    var testDescription: String { value.json.text }
  }

  static func of(_ name: String, _ keys: [(String, ConfigValue)]) -> ConfigValue {
    keys.isEmpty ? .text(name) : .mapping([(name, .mapping(keys))])
  }
  static func numbers(_ values: [Int]) -> ConfigValue { .list(values.map { .integer($0) }) }

  /// Every layer, with every key away from its default.
  static let samples: [Sample] = [
    Sample(
      Conv(
        6, kernel: [3, 1], stride: [2, 1], padding: [1, 0, 0, 0], dilation: [1, 2], groups: 2, bias: false,
        paddingMode: .each([.replicate, .periodic]), fit: .floor, initialiser: Constant(0.5)),
      of(
        "conv",
        [
          ("filters", .integer(6)), ("kernel", numbers([3, 1])), ("stride", numbers([2, 1])),
          ("padding", numbers([1, 0, 0, 0])), ("dilation", numbers([1, 2])), ("groups", .integer(2)),
          ("bias", .boolean(false)), ("padding-mode", .list([.text("replicate"), .text("periodic")])),
          ("fit", .text("floor")), ("initialiser", .mapping([("constant", .number(0.5))])),
        ])),
    Sample(
      Conv(3, kernel: 4, padding: .full, paddingMode: .reflect, biasInitialiser: Constant(1)),
      of(
        "conv",
        [
          ("filters", .integer(3)), ("kernel", .integer(4)), ("padding", .text("full")),
          ("padding-mode", .text("reflect")), ("bias-initialiser", .mapping([("constant", .integer(1))])),
        ])),
    Sample(
      DepthwiseConv(kernel: 5, multiplier: 2, stride: 2, padding: 2, dilation: 1, bias: false),
      of(
        "depthwise-conv",
        [
          ("kernel", .integer(5)), ("multiplier", .integer(2)), ("stride", .integer(2)),
          ("padding", .integer(2)), ("bias", .boolean(false)),
        ])),
    Sample(
      SeparableConv(6, kernel: 3, multiplier: 2, padding: .valid, paddingMode: .zero),
      of(
        "separable-conv",
        [
          ("filters", .integer(6)), ("multiplier", .integer(2)), ("padding", .text("valid")),
          ("padding-mode", .text("zero")),
        ])),
    Sample(
      ConvTranspose(6, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, paddingMode: .periodic),
      of(
        "conv-transpose",
        [
          ("filters", .integer(6)), ("kernel", .integer(3)), ("padding", .integer(1)),
          ("output-padding", .integer(1)), ("groups", .integer(2)), ("padding-mode", .text("periodic")),
        ])),
    Sample(
      PartialConv([[0, 1], [3]], kernel: 3, padding: .same, bias: false),
      of(
        "partial-conv",
        [
          ("connections", .list([numbers([0, 1]), numbers([3])])), ("padding", .text("same")),
          ("bias", .boolean(false)),
        ])),
    Sample(
      Block {
        Flatten(); Dense(5, bias: false)
      },
      .list([.text("flatten"), of("dense", [("units", .integer(5)), ("bias", .boolean(false))])])),
    Sample(
      BatchNorm(momentum: 0.2, epsilon: 1e-3),
      of("batch-norm", [("momentum", .number(0.2)), ("epsilon", .number(1e-3))])),
    Sample(InstanceNorm(affine: true), of("instance-norm", [("affine", .boolean(true))])),
    Sample(
      GroupNorm(2, affine: false), of("group-norm", [("groups", .integer(2)), ("affine", .boolean(false))])),
    Sample(LayerNorm(), .text("layer-norm")),
    Sample(
      LocalResponseNorm(size: 3, alpha: 0.1, beta: 0.5, k: 2),
      of("lrn", [("size", .integer(3)), ("alpha", .number(0.1)), ("beta", .number(0.5)), ("k", .integer(2))])),
    Sample(
      MaxPool(3, stride: 2, padding: 1, dilation: 1, ceil: true),
      of(
        "max-pool",
        [
          ("kernel", .integer(3)), ("stride", .integer(2)), ("padding", .integer(1)),
          ("ceil", .boolean(true)),
        ])),
    Sample(
      AveragePool([2, 1], countPadding: false),
      of("average-pool", [("kernel", numbers([2, 1])), ("count-padding", .boolean(false))])),
    Sample(
      LpPool(2, p: 3, normalised: false),
      of("lp-pool", [("p", .integer(3)), ("normalised", .boolean(false))])),
    Sample(GlobalAveragePool(), .text("global-average-pool")),
    Sample(GlobalMaxPool(), .text("global-max-pool")),
    Sample(LeakyReLU(slope: 0.2), .mapping([("leaky-relu", .number(0.2))])),
    Sample(
      PReLU(slope: 0.1, shared: true), of("prelu", [("slope", .number(0.1)), ("shared", .boolean(true))])),
    Sample(ELU(alpha: 0.5), .mapping([("elu", .number(0.5))])),
    Sample(GELU(form: .tanh), .mapping([("gelu", .text("tanh"))])),
    Sample(Swish(beta: 2), .mapping([("swish", .integer(2))])),
    Sample(Softmax(axis: -1), .mapping([("softmax", .integer(-1))])),
    Sample(LogSoftmax(), .text("log-softmax")),
    Sample(
      Block {
        Dropout(0.25); SpatialDropout(0.75)
      },
      .list([.mapping([("dropout", .number(0.25))]), .mapping([("spatial-dropout", .number(0.75))])])),
    Sample(Noise(3), of("noise", [("channels", .integer(3))])),
    Sample(
      Resize(scales: [2, 1.5], .bicubic, alignCorners: true),
      of(
        "resize",
        [
          ("scale", .list([.integer(2), .number(1.5)])), ("method", .text("bicubic")),
          ("align-corners", .boolean(true)),
        ])),
    Sample(
      Resize(size: [5, 7], .nearest),
      of("resize", [("size", numbers([5, 7])), ("method", .text("nearest"))])),
    Sample(PixelShuffle(2), .text("pixel-shuffle")),
    Sample(
      Residual(projection: .conv, scale: 0.5) { Conv(6, stride: 2) },
      of(
        "residual",
        [
          ("layers", .list([of("conv", [("filters", .integer(6)), ("stride", .integer(2))])])),
          ("projection", .text("1x1")), ("scale", .number(0.5)),
        ])),
    Sample(
      Skip(fit: .crop) { Conv(2, padding: .valid) },
      of(
        "skip",
        [
          ("layers", .list([of("conv", [("filters", .integer(2)), ("padding", .text("valid"))])])),
          ("fit", .text("crop")),
        ])),
    Sample(
      Parallel(adds: true, fit: .error) {
        Block { Conv(4) };
        Block {
          Conv(4, kernel: 1); ReLU()
        }
      },
      of(
        "parallel",
        [
          (
            "branches",
            .list([
              .list([of("conv", [("filters", .integer(4))])]),
              .list([of("conv", [("filters", .integer(4)), ("kernel", .integer(1))]), .text("relu")]),
            ])
          ), ("join", .text("add")),
        ])),
    Sample(Crop([1, 2]), .mapping([("crop", numbers([1, 2]))])),
    Sample(
      Pad([1, 0, 2, 1], mode: .replicate),
      of("pad", [("cells", numbers([1, 0, 2, 1])), ("padding-mode", .text("replicate"))])),
    Sample(ChannelScale(bias: false), .mapping([("channel-scale", .boolean(false))])),
    Sample(Limits(low: -1, high: 2), of("clip", [("low", .number(-1)), ("high", .number(2))])),
    Sample(
      LocallyConnected(
        2, kernel: 3, stride: 2, padding: 1, bias: false, paddingMode: .replicate, initialiser: Constant(0.5)),
      of(
        "locally-connected",
        [
          ("filters", .integer(2)), ("kernel", .integer(3)), ("stride", .integer(2)),
          ("padding", .integer(1)),
          ("bias", .boolean(false)), ("padding-mode", .text("replicate")),
          ("initialiser", .mapping([("constant", .number(0.5))])),
        ])),
    Sample(
      Constrain(.softmax, factor: [2, 4], channels: [3, 1], scale: 2, offset: 0.5) { Conv(3) },
      of(
        "constrain",
        [
          ("layers", .list([.mapping([("conv", .integer(3))])])), ("method", .text("softmax")),
          ("factor", numbers([2, 4])), ("channels", numbers([3, 1])), ("scale", .number(2)),
          ("offset", .number(0.5)),
        ])),
    Sample(
      Rebuild(weight: 0.5, .absolute) { Conv(4) },
      of(
        "rebuild",
        [
          ("layers", .list([.mapping([("conv", .integer(4))])])), ("weight", .number(0.5)),
          ("error", .text("absolute")),
        ])),
    Sample(SqueezeExcitation(reduction: 2), .mapping([("squeeze-excitation", .integer(2))])),
    Sample(
      InvertedResidual(6, kernel: 5, stride: 2, dilation: 1, expansion: 2),
      of(
        "inverted-residual",
        [
          ("filters", .integer(6)), ("kernel", .integer(5)), ("stride", .integer(2)),
          ("expansion", .integer(2)),
        ])),
    Sample(
      SpatialPyramid(3, rates: [1, 2], mean: false),
      of(
        "aspp", [("filters", .integer(3)), ("rates", numbers([1, 2])), ("mean", .boolean(false))])),
  ]

  @Test(arguments: samples) func sameInBothForms(_ sample: Sample) throws {
    try expectSame(NetworkSpec(sample.layer), sample.value, input: sample.input)
  }

  @Test func aBlockMayBeNamed() throws {
    let named = V.mapping([("block", .mapping([("layers", .list([.text("relu"), .text("tanh")]))]))])
    try expectSame(
      NetworkSpec {
        ReLU(); Tanh()
      }, named, input: [1, 2, 3])
  }

  @Test func noLayerIsForgotten() {
    var seen = Set<String>()
    func collect(_ layer: any Layer) {
      seen.insert(type(of: layer).declaration.name)
      (layer as? Block)?.layers.forEach(collect)
    }
    Self.samples.forEach { collect($0.layer) }
    let simple: Set = ["relu", "sigmoid", "tanh", "softplus", "selu"]
    #expect(Set(allLayers.map { $0.declaration.name }).subtracting(seen).subtracting(simple).isEmpty)
  }

  @Test(arguments: allModels.map { $0.declaration.name }) func modelsAreWrittenAsTheyAreRead(_ name: String)
    throws
  {
    let model = try #require(allModels.first { $0.declaration.name == name })
    for keys in [[]] + model.published.map(\.keys) {
      let spec = try NetworkSpec(.mapping([(name, .mapping(keys))]))
      let again = try NetworkSpec(spec.configuration)
      #expect(spec.configuration.json.text == again.configuration.json.text)
    }
  }
}
