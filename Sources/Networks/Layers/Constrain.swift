import Basics
import Compute
import Tensors

/// Layers whose output keeps the means of coarse cells (Harder et al. 2022, arXiv 2208.05424). With y the output of the
/// layers, x the coarse value and the mean over the cells of one coarse cell:
///
/// - additive: y + x - mean(y);
/// - multiplicative: y x / mean(y), of y that is not negative;
/// - softmax: exp(y) x / mean(exp(y)): nothing is negative where x is not.
///
/// The coarse values are channels of the block's own input, which lies either on the coarse grid, or on the fine one; in
/// that case they are the means of its cells. A trained network and its file hold the constraint as part of them.
public struct Constrain: Layer {
  public enum Method: String, Sendable, Hashable, CaseIterable { case additive, multiplicative, softmax }

  public static let declaration = Declaration(
    name: "constrain", summary: "layers whose output keeps the means of coarse cells (Harder et al. 2022)",
    discussion: """
      The constraint holds for the numbers that the network sees. Fields that are normalised must be so by the same \
      mean and deviation, or `scale` and `offset` must say how a normalised input becomes a normalised output; \
      multiplicative and softmax want amounts of which 0 means nothing (normalise: none, or by the deviation alone).
      """,
    keys: [
      Key("layers", .other("a list of layers"), required: true, "the layers"),
      Key("method", .choice(Method.allCases.map(\.rawValue)), default: "additive", "how the means are kept"),
      Key(
        "factor", Sizes.kind, default: "from the sizes",
        "fine cells along a coarse one; to be given when the input is on the fine grid"),
      Key(
        "channels", .list(.integer), default: "[0]",
        "channels of the input (from 0) that the first channels of the output must keep"),
      Key("scale", .number, default: "1", "factor that brings the input to the units of the output"),
      Key("offset", .number, default: "0", "what is added to that"),
    ])
  public let inner: Block
  public let method: Method
  public let factor: Sizes?
  public let channels: [Int]
  public let scale: Double
  public let offset: Double
  /// Added to each number by the multiplicative method, so that nothing at all is shared evenly.
  private static let least = 1e-6

  public init(
    _ method: Method = .additive, factor: Sizes? = nil, channels: [Int] = [0], scale: Double = 1,
    offset: Double = 0, @LayerBuilder _ layers: () -> [any Layer]
  ) {
    (inner, self.method, self.factor) = (Block(layers()), method, factor)
    (self.channels, self.scale, self.offset) = (channels, scale, offset)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    inner = Block(arguments.value("layers").map { decoding.layers($0) } ?? [])
    method = arguments.text("method").flatMap(Method.init(rawValue:)) ?? .additive
    factor = try .optional(arguments, "factor")
    channels = arguments.list("channels")?.compactMap(\.integer) ?? [0]
    guard !channels.isEmpty, channels.allSatisfy({ $0 >= 0 }) else {
      throw PlanError("`channels` must be numbers from 0", at: arguments.mark("channels"))
    }
    scale = arguments.number("scale") ?? 1
    offset = arguments.number("offset") ?? 0
    guard scale.isFinite, scale != 0 else {
      throw PlanError("`scale` must be a number other than 0", at: arguments.mark("scale"))
    }
    guard offset.isFinite else {
      throw PlanError("`offset` must be a finite number", at: arguments.mark("offset"))
    }
  }
  public var keys: [(String, ConfigValue)] {
    var keys = [("layers", inner.configuration)]
    keys.add("method", method, unless: .additive) { .text($0.rawValue) }
    keys.add("factor", factor?.configuration)
    keys.add("channels", channels, unless: [0]) { .list($0.map { .integer($0) }) }
    keys.add("scale", scale, unless: 1) { .number($0) }
    keys.add("offset", offset, unless: 0) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let made = try inner.apply(input, in: &network)
    return try network.goingOn(from: [input, made], with: network.shape(made)) { network throws(GraphError) in
      let cells = try cells(input, made, in: network)
      let count = network.channels(made)
      guard channels.count <= count else {
        throw network.error("\(channels.count) channels cannot be kept by an output of \(count)", made)
      }
      try requireWhole(made, cells, in: network)
      var coarse = try network.channels(input, channels)
      if network.shape(input).extents.dropFirst(2).elementsEqual(network.shape(made).extents.dropFirst(2)) {
        coarse = try network.apply("coarse", AveragePool(Sizes(cells)), coarse)
      }
      if scale != 1 { coarse = try network.graph.multiply(coarse, scale) }
      if offset != 0 { coarse = try network.graph.add(coarse, offset) }
      guard channels.count < count else { return try constrained(made, coarse, cells, in: &network) }
      let part = try network.graph.slice(made, axis: 1, 0, channels.count)
      let rest = try network.graph.slice(made, axis: 1, channels.count, count)
      let kept = try constrained(part, coarse, cells, in: &network)
      return try network.graph.concat([kept, rest], axis: 1)
    }
  }

  private func constrained(
    _ fine: Value, _ coarse: Value, _ cells: [Int], in network: inout NetworkBuilder
  ) throws(GraphError) -> Value {
    func spread(_ value: Value) throws(GraphError) -> Value {
      try network.apply("spread", Resize(scales: cells.map { Double($0) }, .nearest), value)
    }
    func mean(_ value: Value) throws(GraphError) -> Value {
      try network.apply("mean", AveragePool(Sizes(cells)), value)
    }
    switch method {
    case .additive:
      // Twice: where the layers are far from the coarse value, what the first sum rounds off is more than 1e-6.
      let near = try network.graph.add(
        fine, try spread(try network.graph.subtract(coarse, try mean(fine))))
      return try network.graph.add(
        near, try spread(try network.graph.subtract(coarse, try mean(near))))
    case .multiplicative:
      let amount = try network.graph.add(try network.graph.one(Compute.Relu(), fine), Self.least)
      let share = try network.graph.divide(coarse, try mean(amount))
      return try network.graph.multiply(amount, try spread(share))
    case .softmax:
      // The largest number is taken away first, as everywhere with exponentials: it cancels.
      let largest = try network.apply("largest", MaxPool(Sizes(cells)), fine)
      let amount = try network.graph.exp(try network.graph.subtract(fine, try spread(largest)))
      let share = try network.graph.divide(coarse, try mean(amount))
      return try network.graph.multiply(amount, try spread(share))
    }
  }

  /// How many cells of the output lie along a coarse one.
  private func cells(_ input: Value, _ made: Value, in network: NetworkBuilder) throws(GraphError) -> [Int] {
    let rank = try network.spatialRank(made, "a constraint")
    let from = Array(network.shape(input).extents.dropFirst(2))
    let to = Array(network.shape(made).extents.dropFirst(2))
    guard from.count == rank, from.allSatisfy({ $0 > 0 }) else {
      throw network.error("the layers must keep the dimensions of their input", input, made)
    }
    if let factor {
      let cells = try factor.expanded(rank, "factor", made, in: network)
      guard from == to || zip(zip(from, cells), to).allSatisfy({ $0.0 * $0.1 == $1 }) else {
        throw network.error(
          "the output must lie on the grid of the input, or be \(factor) times finer", input, made)
      }
      return cells
    }
    guard from != to else {
      throw network.error(
        "the layers keep the grid: `factor` must say how many of its cells make a coarse one", input, made)
    }
    guard zip(from, to).allSatisfy({ $1 % $0 == 0 && $1 > 0 }) else {
      throw network.error("the output must be a whole number of times finer than the input", input, made)
    }
    return zip(from, to).map { $1 / $0 }
  }

  private func requireWhole(_ made: Value, _ cells: [Int], in network: NetworkBuilder) throws(GraphError) {
    for (extent, cell) in zip(network.shape(made).extents.dropFirst(2), cells) where extent % cell != 0 {
      throw network.error("\(extent) cells cannot be divided into coarse cells of \(cell)", made)
    }
  }

  public func declaredShape(_ input: Shape) -> Shape? { inner.declaredShape(input) }
}
