import Basics
import Compute
import Tensors

/// What generators of super-resolution have in common: where their input lies, how they are enlarged, what is added.
public struct Enlargement: Sendable, Hashable {
  /// How features get finer.
  public enum Up: String, Sendable, Hashable, CaseIterable {
    /// A convolution whose channels become cells (Shi et al. 2016), begun without a checkerboard (ICNR).
    case subPixel = "sub-pixel"
    /// The nearest neighbour's number, then a convolution (Odena et al. 2016): no checkerboard.
    case resizeConvolution = "resize-convolution"
    /// A transposed convolution.
    case transposed = "conv-transpose"
  }

  public var scale: Int
  public var outputs: Int
  public var up: Up
  /// Channels at the end of the input that are known on the fine grid, as relief is; nil: the input is coarse.
  public var auxiliary: Int?
  /// Channels of the input that are added to the outputs, interpolated when they are coarse.
  public var residual: [Int]

  public init(
    scale: Int, outputs: Int = 1, up: Up = .subPixel, auxiliary: Int? = nil, residual: [Int] = []
  ) {
    (self.scale, self.outputs, self.up) = (scale, outputs, up)
    (self.auxiliary, self.residual) = (auxiliary, residual)
  }

  static func declared(scale: Int, up: Up) -> [Key] {
    [
      Key(
        "scale", .integer, default: "\(scale)",
        "how many times finer the output is than the grid that the features are made on"),
      Key("outputs", .integer, default: "1", "channels of the output"),
      Key("up", .choice(Up.allCases.map(\.rawValue)), default: up.rawValue, "how the features get finer"),
      Key(
        "auxiliary", .integer, default: "the input is coarse",
        "the input is on the fine grid and that many channels at its end, such as relief, are used on it too; "
          + "all others are averaged over `scale` cells"),
      Key(
        "residual", .list(.integer),
        "channels of the input (from 0) that are added to the outputs (bicubic when coarse)"),
    ]
  }

  init(_ arguments: Arguments, scale: Int, up: Up) throws(PlanError) {
    self.scale = try arguments.whole("scale", to: 64) ?? scale
    outputs = try arguments.whole("outputs") ?? 1
    self.up = arguments.text("up").flatMap(Up.init(rawValue:)) ?? up
    auxiliary = try arguments.whole("auxiliary", minimum: 0)
    residual = arguments.list("residual")?.compactMap(\.integer) ?? []
  }

  func keys(scale: Int, up: Up) -> [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("scale", self.scale, unless: scale) { .integer($0) }
    keys.add("outputs", outputs, unless: 1) { .integer($0) }
    keys.add("up", self.up, unless: up) { .text($0.rawValue) }
    keys.add("auxiliary", auxiliary.map { .integer($0) })
    keys.add("residual", residual, unless: []) { .list($0.map { .integer($0) }) }
    return keys
  }

  /// The input on the grid that features are made on.
  func coarse(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    _ = try network.spatialRank(input, "super-resolution")
    guard (1...64).contains(scale) else { throw network.error("cannot be \(scale) times finer", input) }
    guard let auxiliary, scale > 1 else { return input }
    guard auxiliary < network.channels(input) else {
      throw network.error("needs fields in front of \(auxiliary) auxiliary channels", input)
    }
    try network.requireDivisible(input, by: scale, "an input that is averaged over \(scale) cells")
    return try network.apply("coarse", AveragePool(Sizes(scale)), input)
  }

  /// The steps of the enlargement: 12 = 2 x 2 x 3.
  private var steps: [Int] {
    var (rest, factor, steps) = (scale, 2, [Int]())
    while rest > 1 {
      while rest % factor == 0 {
        steps.append(factor)
        rest /= factor
      }
      factor += 1
    }
    return steps
  }

  /// Features on the fine grid, with the auxiliary channels mixed in: parameters `up.K.*`, `mix.*`.
  /// - Parameter activation: behind each step, if any.
  func enlarged(
    _ features: Value, _ input: Value, width: Int, kernel: Int, activation: (any Layer)?,
    in network: inout NetworkBuilder
  ) throws(GraphError) -> Value {
    var value = features
    for (index, factor) in steps.enumerated() {
      value = try network.apply("up.\(index)", value) {
        switch up {
        case .subPixel:
          Conv(width * factor * factor, kernel: Sizes(kernel), initialiser: ICNR(scale: factor))
          PixelShuffle(factor)
        case .resizeConvolution:
          Resize(scale: Double(factor), .nearest)
          Conv(width, kernel: Sizes(kernel))
        case .transposed:
          ConvTranspose(width, kernel: Sizes(max(kernel, factor)), stride: Sizes(factor))
        }
        if let activation { activation }
      }
    }
    guard let auxiliary, auxiliary > 0 else { return value }
    let count = network.channels(input)
    let own = try network.channels(input, Array(count - auxiliary..<count))
    let both = try network.concatenated([value, own], .error, "the fine grid")
    return try network.apply("mix", both) {
      Conv(width, kernel: Sizes(kernel))
      activation ?? ReLU()
    }
  }

  /// The last convolution, `head.*`; with `residual` it begins at zero, so that the network begins as the
  /// interpolation.
  func output(_ features: Value, _ input: Value, kernel: Int, in network: inout NetworkBuilder)
    throws(GraphError) -> Value
  {
    let last = Conv(outputs, kernel: Sizes(kernel), initialiser: residual.isEmpty ? nil : Constant(0))
    let output = try network.apply("head", last, features)
    guard !residual.isEmpty else { return output }
    guard auxiliary == nil, scale > 1 else { return try network.addingChannels(output, of: input, residual) }
    let fields = try network.channels(input, residual)
    let fine = try network.apply("interpolated", Resize(scale: Double(scale), .bicubic), fields)
    return try network.addingChannels(output, of: fine, Array(residual.indices))
  }

  func declaredShape(_ input: Shape) -> Shape? {
    input.with(channels: outputs) { auxiliary == nil ? $1 * scale : $1 }
  }
}
