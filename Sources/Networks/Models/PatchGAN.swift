import Basics
import Compute
import Tensors

/// The discriminator of Isola et al. (2017): convolutions of 4 x 4 cells, each of the first `layers` halving the
/// extents, that judge every patch of a field by itself. Three layers see patches of 70 x 70 cells.
///
/// `layers` convolutions of stride 2, one of stride 1, and one that gives the judgement (a logit for each patch).
/// Filters double from layer to layer, up to eight times the first; leaky rectifiers of slope 0.2. Parameters are
/// `body.N.weight`, with the numbering of layers of PyTorch's `Sequential`, and `head.weight`.
public struct PatchGAN: Model {
  public static let declaration = Declaration(
    name: "patch-gan",
    summary: "the discriminator of pix2pix: judges each patch of a field (Isola et al. 2017)",
    keys: [
      Key("filters", .integer, default: "64", "channels of the first convolution"),
      Key("layers", .integer, default: "3", "convolutions that halve the extents"),
      Key(
        "normalise", .choice(Normalisation.allCases.map(\.rawValue)), default: "batch",
        "what stands behind each convolution but the first and the last"),
      Key("outputs", .integer, default: "1", "channels of the output"),
    ])
  public static let published = [
    Published(
      input: [6, 256, 256], parameters: 2_768_705,
      source: "pytorch-CycleGAN-and-pix2pix: NLayerDiscriminator(6), the 70 x 70 PatchGAN, 2.769 M"),
    Published(
      [("layers", .integer(1))], input: [6, 64, 64], parameters: 139_585,
      source: "the same with n_layers = 1, the 16 x 16 PatchGAN"),
    Published(
      [("normalise", .text("instance"))], input: [6, 256, 256], parameters: 2_767_809,
      source: "the same with instance normalisation, which has no numbers: biases instead"),
  ]

  public enum Normalisation: String, Sendable, Hashable, CaseIterable { case batch, instance, none }
  public let filters: Int
  public let layers: Int
  public let normalisation: Normalisation
  public let outputs: Int

  public init(
    filters: Int = 64, layers: Int = 3, normalisation: Normalisation = .batch, outputs: Int = 1
  ) {
    (self.filters, self.layers, self.normalisation) = (filters, layers, normalisation)
    self.outputs = outputs
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    filters = try arguments.whole("filters", to: 1 << 16) ?? 64
    layers = try arguments.whole("layers", to: 16) ?? 3
    normalisation = arguments.text("normalise").flatMap(Normalisation.init) ?? .batch
    outputs = try arguments.whole("outputs") ?? 1
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("filters", filters, unless: 64) { .integer($0) }
    keys.add("layers", layers, unless: 3) { .integer($0) }
    keys.add("normalise", normalisation, unless: .batch) { .text($0.rawValue) }
    keys.add("outputs", outputs, unless: 1) { .integer($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let body = try network.apply("body", input) {
      for layer in 0...layers {
        Conv(
          filters << min(layer, 3), kernel: 4, stride: layer < layers ? 2 : 1, padding: .cells([1]),
          bias: layer == 0 || normalisation != .batch)
        if layer > 0, normalisation == .batch { BatchNorm() }
        if layer > 0, normalisation == .instance { InstanceNorm() }
        LeakyReLU(slope: 0.2)
      }
    }
    return try network.apply("head", Conv(outputs, kernel: 4, padding: .cells([1])), body)
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.with(channels: outputs) { max(1, ($1 >> layers) - 2) }
  }
}
