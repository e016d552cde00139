import Basics
import Compute
import Tensors

/// An encoder and a decoder with concatenating skips between them (Ronneberger et al. 2015): at each of `depth`
/// levels two 3x3 convolutions, then half the size with twice the channels, and back.
///
/// Parameters: `encoder.L.*`, `bottom.*`, `decoder.L.up.*`, `decoder.L.*`, `head.*`; level 0 is the finest.
public struct UNet: Model {
  public enum Up: String, Sendable, Hashable, CaseIterable { case transpose, bilinear, nearest }
  public enum Down: String, Sendable, Hashable, CaseIterable {
    case maxPool = "max-pool"
    case averagePool = "average-pool"
    case convolution = "conv"
  }

  public static let declaration = Declaration(
    name: "unet", summary: "encoder and decoder with skips (Ronneberger et al. 2015)",
    discussion: """
      With `padding: valid`, as published, the skips are cropped and the output is smaller than the input \
      (572 x 572 gives 388 x 388). With `same` the size stays, and must be divisible by 2^depth. `up: bilinear` and \
      `nearest` halve the channels by a 1x1 convolution and then resize. `residual` adds channels of the input to \
      the output; the last convolution then begins at zero, so that the network begins as the identity on them.
      """,
    keys: [
      Key("outputs", .integer, default: "1", "channels of the output"),
      Key("base", .integer, default: "64", "channels of the first level; twice as many at each further one"),
      Key("depth", .integer, default: "4", "how many times the size is halved"),
      Key("padding", .choice(["same", "valid"]), default: "same", "of the 3x3 convolutions"),
      Key("batch-norm", .boolean, default: "false", "batch normalisation behind each convolution"),
      Key("up", .choice(Up.allCases.map(\.rawValue)), default: "transpose", "how the size is doubled"),
      Key("down", .choice(Down.allCases.map(\.rawValue)), default: "max-pool", "how the size is halved"),
      Key("convolutions", .integer, default: "2", "at each level"),
      Key("kernel", .integer, default: "3", "cells of their windows"),
      Stack.activationKey,
      Key("dropout", .number, default: "0", "probability at the bottom, in training"),
      Key("residual", .list(.integer), "channels of the input (from 0) that are added to the outputs"),
    ])
  public static let published = [
    Published(
      [("outputs", .integer(2)), ("padding", .text("valid"))], input: [1, 572, 572], parameters: 31_030_658,
      source: "Ronneberger et al. 2015, figure 1"),
    Published(
      [("outputs", .integer(1)), ("padding", .text("valid"))], input: [3, 572, 572], parameters: 31_031_745,
      source: "the same for three channels and one output"),
  ]

  public var outputs = 1
  public var base = 64
  public var depth = 4
  public var isValid = false
  public var batchNorm = false
  public var up = Up.transpose
  public var down = Down.maxPool
  public var convolutions = 2
  public var kernel = 3
  public var activation: any Layer = ReLU()
  public var dropout = 0.0
  public var residual: [Int] = []

  public init(
    outputs: Int = 1, base: Int = 64, depth: Int = 4, valid: Bool = false, batchNorm: Bool = false,
    up: Up = .transpose, down: Down = .maxPool, convolutions: Int = 2, kernel: Int = 3,
    activation: any Layer = ReLU(), dropout: Double = 0, residual: [Int] = []
  ) {
    (self.outputs, self.base, self.depth, isValid, self.batchNorm) = (outputs, base, depth, valid, batchNorm)
    (self.up, self.down, self.convolutions, self.kernel) = (up, down, convolutions, kernel)
    (self.activation, self.dropout, self.residual) = (activation, dropout, residual)
  }

  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    outputs = try arguments.whole("outputs") ?? 1
    base = try arguments.whole("base", to: 1 << 16) ?? 64
    depth = try arguments.whole("depth", to: 12) ?? 4
    isValid = arguments.text("padding") == "valid"
    batchNorm = arguments.boolean("batch-norm") ?? false
    up = arguments.text("up").flatMap(Up.init(rawValue:)) ?? .transpose
    down = arguments.text("down").flatMap(Down.init(rawValue:)) ?? .maxPool
    convolutions = try arguments.whole("convolutions", to: 64) ?? 2
    kernel = try arguments.whole("kernel", to: 1 << 10) ?? 3
    activation = Stack.activation(arguments, decoding)
    dropout = try arguments.number("dropout", in: 0...0.999) ?? 0
    residual = arguments.list("residual")?.compactMap(\.integer) ?? []
  }

  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("outputs", outputs, unless: 1) { .integer($0) }
    keys.add("base", base, unless: 64) { .integer($0) }
    keys.add("depth", depth, unless: 4) { .integer($0) }
    keys.add("padding", isValid, unless: false) { _ in .text("valid") }
    keys.add("batch-norm", batchNorm, unless: false) { .boolean($0) }
    keys.add("up", up, unless: .transpose) { .text($0.rawValue) }
    keys.add("down", down, unless: .maxPool) { .text($0.rawValue) }
    keys.add("convolutions", convolutions, unless: 2) { .integer($0) }
    keys.add("kernel", kernel, unless: 3) { .integer($0) }
    keys.add("activation", Stack.configuration(of: activation))
    keys.add("dropout", dropout, unless: 0) { .number($0) }
    keys.add("residual", residual, unless: []) { .list($0.map { .integer($0) }) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    _ = try network.spatialRank(input, "a UNet")
    guard (1...12).contains(depth), (1...1 << 16).contains(base), outputs > 0 else {
      throw network.error("a UNet needs a depth from 1 to 12, a base above 0 and outputs", input)
    }
    if !isValid { try network.requireDivisible(input, by: 1 << depth, "a UNet of depth \(depth)") }
    func stack(_ level: Int) -> [any Layer] {
      Stack.convolutions(
        base << level, count: convolutions, kernel: Sizes(kernel), padding: isValid ? .valid : .same,
        batchNorm: batchNorm, activation: activation)
    }
    var value = input
    var skips: [Value] = []
    for level in 0..<depth {
      let width = base << level
      value = try network.apply("encoder.\(level)", value) { stack(level) }
      skips.append(value)
      if isValid { try network.requireDivisible(value, by: 2, "level \(level) of a UNet with valid padding") }
      value = try network.apply("encoder.\(level).down", halving(width), value)
    }
    value = try network.apply("bottom", value) {
      stack(depth)
      if dropout > 0 { Dropout(dropout) }
    }
    for level in (0..<depth).reversed() {
      let raised = try network.apply("decoder.\(level).up", up.layer(base << level), value)
      value = try network.scoped("decoder.\(level)") { network throws(GraphError) in
        let both = try network.concatenated([skips[level], raised], isValid ? .crop : .error, "the skip")
        return try Block(stack(level)).apply(both, in: &network)
      }
    }
    let head = Conv(outputs, kernel: 1, initialiser: residual.isEmpty ? nil : Constant(0))
    let output = try network.apply("head", head, value)
    return residual.isEmpty ? output : try network.addingChannels(output, of: input, residual)
  }

  private func halving(_ width: Int) -> any Layer {
    switch down {
    case .maxPool: MaxPool(2)
    case .averagePool: AveragePool(2)
    case .convolution: Conv(width, kernel: 2, stride: 2, padding: .valid)
    }
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with(channels: outputs) }
}
