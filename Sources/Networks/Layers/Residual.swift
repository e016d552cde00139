import Basics
import Compute

/// Layers whose output is added to their input (He et al. 2016). When channels or size change, the input goes through
/// a 1x1 convolution with the right stride (`projection.weight`), if one is asked for.
public struct Residual: Layer {
  public enum Projection: String, Sendable, Hashable, CaseIterable { case none, conv = "1x1" }

  public static let declaration = Declaration(
    name: "residual", summary: "layers, their output added to their input",
    keys: [
      Key("layers", .other("a list of layers"), required: true, "the layers"),
      Key(
        "projection", .choice(Projection.allCases.map(\.rawValue)), default: "none",
        "1x1: a convolution of the input when channels or size change; none: that is an error"),
      Key("scale", .number, default: "1", "factor of the layers' output"),
    ])
  public let inner: Block
  public let projection: Projection
  public let scale: Double

  public init(
    projection: Projection = .none, scale: Double = 1, @LayerBuilder _ layers: () -> [any Layer]
  ) {
    (inner, self.projection, self.scale) = (Block(layers()), projection, scale)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    inner = Block(arguments.value("layers").map { decoding.layers($0) } ?? [])
    projection = arguments.text("projection").flatMap(Projection.init(rawValue:)) ?? .none
    scale = arguments.number("scale") ?? 1
  }
  public var keys: [(String, ConfigValue)] {
    var keys = [("layers", inner.configuration)]
    keys.add("projection", projection, unless: .none) { .text($0.rawValue) }
    keys.add("scale", scale, unless: 1) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    var output = try inner.apply(input, in: &network)
    if scale != 1 { output = try network.graph.one(Compute.Mul(), output, network.graph.constant(scale)) }
    return try network.added(input, output, projection)
  }
}

extension NetworkBuilder {
  /// shortcut + value; the shortcut fitted by a 1x1 convolution `projection` when it may be.
  mutating func added(_ shortcut: Value, _ value: Value, _ projection: Residual.Projection) throws(GraphError)
    -> Value
  {
    try goingOn(from: [shortcut, value], with: shape(value)) { network throws(GraphError) in
      try network.sum(shortcut, value, projection)
    }
  }

  private mutating func sum(_ shortcut: Value, _ value: Value, _ projection: Residual.Projection)
    throws(GraphError) -> Value
  {
    let (from, to) = (shape(shortcut), shape(value))
    if from == to { return try graph.one(Compute.Add(), shortcut, value) }
    guard projection == .conv else {
      throw error(
        "the layers make another shape than their input, so the two cannot be added; use `projection: 1x1` "
          + "or padding `same`", shortcut, value)
    }
    let rank = try spatialRank(shortcut, "a projection")
    guard to.rank == from.rank else { throw error("a projection keeps the rank", shortcut, value) }
    var strides: [Int] = []
    for (old, new) in zip(from.extents.dropFirst(2), to.extents.dropFirst(2)) {
      // The stride s makes ceil(old / s) cells.
      guard new > 0, let stride = (1...max(1, old)).first(where: { (old + $0 - 1) / $0 <= new }),
        (old + stride - 1) / stride == new
      else { throw error("no stride of a 1x1 convolution makes \(new) of \(old) cells", shortcut, value) }
      strides.append(stride)
    }
    let stride = Sizes(Set(strides).count == 1 ? [strides[0]] : strides)
    _ = rank
    let projected = try scoped("projection") { network throws(GraphError) in
      try Conv(to.extents[1], kernel: 1, stride: stride, padding: .cells([0]), bias: false)
        .apply(shortcut, in: &network)
    }
    return try graph.one(Compute.Add(), projected, value)
  }
}
