import Basics
import Compute
import Tensors

/// Inverted residuals (Sandler et al. 2018), for classes of a patch; with `classes: 0` the features at a 32nd of the
/// size, to put other layers behind (`aspp`). Parameters `stem.*`, `blocks.B.*`, `last.*`, `classifier.*`.
public struct MobileNetV2: Model {
  public static let declaration = Declaration(
    name: "mobilenet-v2", summary: "inverted residuals with depthwise convolutions (Sandler et al. 2018)",
    keys: [
      Key("classes", .integer, default: "1000", "outputs: logits; 0: the features of the last convolution"),
      Key("width", .number, default: "1", "factor of the channels"),
      Key(
        "output-stride", .choice(["8", "16", "32"]), default: "32",
        "how many times coarser the features are: below 32 later strides become dilations, as DeepLab has it"),
      Key("dropout", .number, default: "0.2", "probability in front of the classifier"),
    ])
  public static let published = [
    Published(
      input: [3, 224, 224], parameters: 3_504_872,
      source: "Sandler et al. 2018: MobileNet v2, width 1 (3.5 million), counted from its layers"),
    Published(
      [("classes", .integer(0)), ("output-stride", .text("16"))], input: [3, 64, 64], parameters: 2_223_872,
      source: "the same without the classifier"),
  ]
  public let classes: Int
  public let width: Double
  public let outputStride: Int
  public let dropout: Double

  public init(classes: Int = 1000, width: Double = 1, outputStride: Int = 32, dropout: Double = 0.2) {
    (self.classes, self.width, self.outputStride, self.dropout) = (classes, width, outputStride, dropout)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    classes = try arguments.whole("classes", minimum: 0) ?? 1000
    width = try arguments.number("width", in: 0.05...16) ?? 1
    outputStride = arguments.text("output-stride").flatMap { Int($0) } ?? 32
    dropout = try arguments.number("dropout", in: 0...0.999) ?? 0.2
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("classes", classes, unless: 1000) { .integer($0) }
    keys.add("width", width, unless: 1) { .number($0) }
    keys.add("output-stride", outputStride, unless: 32) { .text("\($0)") }
    keys.add("dropout", dropout, unless: 0.2) { .number($0) }
    return keys
  }

  /// Expansion, channels, how many, stride of the first: table 2 of the paper.
  private static let groups = [
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
  ]

  /// A multiple of 8 near the wanted number of channels, not a tenth below it.
  private func channels(_ wanted: Int) -> Int {
    let scaled = Double(wanted) * min(max(width, 0.01), 100)
    let near = max(8, Int((scaled + 4) / 8) * 8)
    return Double(near) < 0.9 * scaled ? near + 8 : near
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    _ = try network.spatialRank(input, "MobileNet")
    var value = try network.apply("stem", input) {
      Conv(channels(32), stride: 2, bias: false)
      BatchNorm()
      Limits(low: 0, high: 6)
    }
    var (index, reached, dilation) = (0, 2, 1)
    for (expansion, filters, count, stride) in Self.groups {
      for block in 0..<count {
        var own = block == 0 ? stride : 1
        let dilated = dilation
        if own > 1, reached * own > outputStride {
          dilation *= own
          own = 1
        }
        reached *= own
        let layer = InvertedResidual(
          channels(filters), stride: Sizes(own), dilation: Sizes(block == 0 ? dilated : dilation),
          expansion: expansion)
        value = try network.apply("blocks.\(index)", layer, value)
        index += 1
      }
    }
    value = try network.apply("last", value) {
      Conv(max(1280, channels(1280)), kernel: 1, bias: false)
      BatchNorm()
      Limits(low: 0, high: 6)
    }
    guard classes > 0 else { return value }
    return try network.apply("classifier", value) {
      GlobalAveragePool()
      Flatten()
      if dropout > 0 { Dropout(dropout) }
      Dense(classes)
    }
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    if classes > 0 { return Dense(classes).declaredShape(input) }
    return input.with(channels: max(1280, channels(1280))) { ($1 + outputStride - 1) / outputStride }
  }
}
