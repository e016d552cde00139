import Basics
import Compute
import Tensors

/// The network that reads digits (LeCun et al. 1998): two convolutions with subsampling, three fully connected layers.
/// The input is 32 x 32.
public struct LeNet5: Model {
  public enum Variant: String, Sendable, Hashable, CaseIterable {
    /// 5x5 kernels, every map of C3 sees all of S2.
    case original
    /// The first kernel is 3x3, as some texts have it.
    case asWritten = "as-written"
    /// As in 1998: subsampling with a trained factor and shift, C3 connected by the table, distances to fixed codes as
    /// output.
    case partial
  }
  public static let declaration = Declaration(
    name: "lenet5", summary: "two convolutions, three fully connected layers (LeCun et al. 1998)",
    discussion: """
      `partial` has the connections of table I and the output of 1998: minus the squared distance to a code of 84 \
      signs for each class. The codes are not trained; they begin as random signs, not as the bitmaps of the paper.
      """,
    keys: [
      Key("variant", .choice(Variant.allCases.map(\.rawValue)), default: "original", "which of its forms"),
      Key("classes", .integer, default: "10", "outputs: logits"),
      Key(
        "activation", .other("a layer: a name, or a mapping with one name and its keys"), default: "tanh",
        "the layer behind each step"),
    ])
  public static let published = [
    Published(
      input: [1, 32, 32], parameters: 61_706, source: "LeCun et al. 1998 with all connections in C3"),
    Published(
      [("variant", .text("as-written"))], input: [1, 32, 32], parameters: 61_610,
      source: "with a first kernel of 3x3"),
    Published(
      [("variant", .text("partial"))], input: [1, 32, 32], parameters: 60_000,
      source: "LeCun et al. 1998: trainable subsampling, partial C3 (1,516), fixed codes at the end"),
  ]
  public let variant: Variant
  public let classes: Int
  public let activation: any Layer

  public init(_ variant: Variant = .original, classes: Int = 10, activation: any Layer = Tanh()) {
    (self.variant, self.classes, self.activation) = (variant, classes, activation)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    variant = arguments.text("variant").flatMap(Variant.init(rawValue:)) ?? .original
    classes = try arguments.whole("classes") ?? 10
    activation = arguments.value("activation").flatMap { decoding.layer($0) } ?? Tanh()
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("variant", variant, unless: .original) { .text($0.rawValue) }
    keys.add("classes", classes, unless: 10) { .integer($0) }
    keys.add("activation", activation.configuration, unless: .text("tanh")) { $0 }
    return keys
  }

  /// Table I of the paper: the maps of S2 that each map of C3 sees.
  static let connections = [
    [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5], [0, 1, 2, 3], [1, 2, 3, 4],
    [2, 3, 4, 5],
    [0, 3, 4, 5], [0, 1, 4, 5], [0, 1, 2, 5], [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5],
  ]

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    @LayerBuilder func subsampled() -> [any Layer] {
      AveragePool(2)
      if variant == .partial { ChannelScale() }
      activation
    }
    let kernel: Sizes = variant == .asWritten ? 3 : 5
    let first = try network.apply("c1", Conv(6, kernel: kernel, padding: .valid), input)
    let s2 = try network.apply("s2", first) { subsampled() }
    let second: any Layer =
      variant == .partial
      ? PartialConv(Self.connections, kernel: 5) : Conv(16, kernel: 5, padding: .valid)
    let s4 = try network.apply("s4", try network.apply("c3", second, s2)) { subsampled() }
    let flat = try network.graph.one(Compute.Flatten(axis: 1), s4)
    let f6 = try network.apply("f", flat) {
      Dense(120)
      activation
      Dense(84)
      activation
    }
    guard variant == .partial else { return try network.apply("output", Dense(classes), f6) }
    return try network.scoped("output") { network throws(GraphError) in
      // -|x - w|^2 = 2 x w - |x|^2 - |w|^2, and the codes w are signs.
      let codes = try network.statistic("codes", [classes, 84], Signs())
      let products = try network.only(
        network.graph.apply(Compute.Gemm(alpha: 2, transposeB: true), [f6, codes]))
      let squares = try network.graph.one(Compute.ReduceSumSquare(axes: [1], keepsDimensions: true), f6)
      let distance = try network.graph.one(Compute.Sub(), products, squares)
      return try network.graph.one(Compute.Sub(), distance, network.graph.constant(84))
    }
  }

  public func declaredShape(_ input: Shape) -> Shape? { Dense(classes).declaredShape(input) }
}
