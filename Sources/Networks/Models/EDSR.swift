import Basics
import Compute
import Tensors

/// Residual blocks on the coarse grid, enlarged behind them: EDSR (Lim et al. 2017), and with batch normalisation and
/// 9 x 9 ends SRResNet (Ledig et al. 2017), the generator of SRGAN. Parameters `stem.*`, `blocks.B.*`, `trunk.*`,
/// `up.K.*`, `mix.*`, `head.*`.
public struct EDSR: Model {
  public static let declaration = Declaration(
    name: "edsr", summary: "residual blocks on the coarse grid, then sub-pixel up-sampling (Lim et al. 2017)",
    discussion: """
      SRResNet (Ledig et al. 2017) is `{batch-norm: true, activation: {prelu: {shared: true}}, end-kernel: 9, \
      activate-ends: true, scale: 4}`. With `auxiliary` the input is on the fine grid, so that relief can be used.
      """,
    keys: Enlargement.declared(scale: 2, up: .subPixel) + [
      Key("width", .integer, default: "64", "channels inside"),
      Key("depth", .integer, default: "16", "residual blocks of two convolutions"),
      Key("kernel", .integer, default: "3", "cells of their windows"),
      Key("end-kernel", .integer, default: "3", "cells of the windows of the first and the last convolution"),
      Key("batch-norm", .boolean, default: "false", "batch normalisation in the blocks"),
      Stack.activationKey,
      Key(
        "activate-ends", .boolean, default: "false",
        "the activation behind the first convolution and each step of the enlargement too"),
      Key("block-scale", .number, default: "1", "factor of each block's output (0.1 for wide networks)"),
    ])
  private static let prelu = ConfigValue.mapping([("prelu", .mapping([("shared", .boolean(true))]))])
  public static let published = [
    Published(
      [("outputs", .integer(3))], input: [3, 24, 24], parameters: 1_369_859,
      source: "Lim et al. 2017: EDSR baseline, 2 times finer, without the fixed mean shift"),
    Published(
      [("outputs", .integer(3)), ("scale", .integer(4))], input: [3, 24, 24], parameters: 1_517_571,
      source: "Lim et al. 2017: EDSR baseline, 4 times finer, without the fixed mean shift"),
    Published(
      [
        ("outputs", .integer(3)), ("scale", .integer(4)), ("batch-norm", .boolean(true)),
        ("activation", prelu), ("end-kernel", .integer(9)), ("activate-ends", .boolean(true)),
      ], input: [3, 24, 24], parameters: 1_547_350,
      source: "Ledig et al. 2017: SRResNet, counted from its layers (no bias in front of a normalisation)"),
  ]
  public let enlargement: Enlargement
  public let width: Int
  public let depth: Int
  public let kernel: Int
  public let endKernel: Int
  public let batchNorm: Bool
  public let activation: any Layer
  public let activateEnds: Bool
  public let blockScale: Double

  public init(
    _ enlargement: Enlargement = Enlargement(scale: 2), width: Int = 64, depth: Int = 16, kernel: Int = 3,
    endKernel: Int = 3, batchNorm: Bool = false, activation: any Layer = ReLU(), activateEnds: Bool = false,
    blockScale: Double = 1
  ) {
    (self.enlargement, self.width, self.depth, self.kernel) = (enlargement, width, depth, kernel)
    (self.endKernel, self.batchNorm, self.activation) = (endKernel, batchNorm, activation)
    (self.activateEnds, self.blockScale) = (activateEnds, blockScale)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(
      try Enlargement(arguments, scale: 2, up: .subPixel),
      width: try arguments.whole("width", to: 1 << 16) ?? 64,
      depth: try arguments.whole("depth", minimum: 0, to: 1000) ?? 16,
      kernel: try arguments.whole("kernel", to: 1 << 10) ?? 3,
      endKernel: try arguments.whole("end-kernel", to: 1 << 10) ?? 3,
      batchNorm: arguments.boolean("batch-norm") ?? false, activation: Stack.activation(arguments, decoding),
      activateEnds: arguments.boolean("activate-ends") ?? false,
      blockScale: try arguments.number("block-scale", in: -1e6...1e6) ?? 1)
  }
  public var keys: [(String, ConfigValue)] {
    var keys = enlargement.keys(scale: 2, up: .subPixel)
    keys.add("width", width, unless: 64) { .integer($0) }
    keys.add("depth", depth, unless: 16) { .integer($0) }
    keys.add("kernel", kernel, unless: 3) { .integer($0) }
    keys.add("end-kernel", endKernel, unless: 3) { .integer($0) }
    keys.add("batch-norm", batchNorm, unless: false) { .boolean($0) }
    keys.add("activation", Stack.configuration(of: activation))
    keys.add("activate-ends", activateEnds, unless: false) { .boolean($0) }
    keys.add("block-scale", blockScale, unless: 1) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    func stack(_ count: Int) -> [any Layer] {
      Stack.convolutions(
        width, count: count, kernel: Sizes(kernel), batchNorm: batchNorm, activation: activation)
    }
    let coarse = try enlargement.coarse(input, in: &network)
    let stem = try network.apply("stem", coarse) {
      Conv(width, kernel: Sizes(endKernel))
      if activateEnds { activation }
    }
    var value = stem
    for block in 0..<depth {
      // No activation behind the second convolution: the sum is what goes on.
      value = try network.apply(
        "blocks.\(block)", Residual(scale: blockScale) { Array(stack(2).dropLast()) }, value)
    }
    value = try network.graph.add(stem, try network.apply("trunk", value) { Array(stack(1).dropLast()) })
    let fine = try enlargement.enlarged(
      value, input, width: width, kernel: kernel, activation: activateEnds ? activation : nil, in: &network)
    return try enlargement.output(fine, input, kernel: endKernel, in: &network)
  }

  public func declaredShape(_ input: Shape) -> Shape? { enlargement.declaredShape(input) }
}
