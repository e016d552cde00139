import Basics
import Compute
import Tensors

/// Atrous spatial pyramid pooling (DeepLab v3, Chen et al. 2017): a 1x1 convolution, 3x3 convolutions at several
/// dilations and the mean over the whole field, joined and mixed by a 1x1 convolution; batch normalisation and ReLU
/// behind each. Parameters `branches.0.*` (1x1), `branches.1.*`, ..., `branches.N.*` (mean), `project.*`.
public struct SpatialPyramid: Layer {
  public static let declaration = Declaration(
    name: "aspp", summary: "convolutions at several dilations side by side (DeepLab v3)",
    keys: [
      Key("filters", .integer, default: "256", "channels of each branch and of the output"),
      Key("rates", .list(.integer), default: "[12, 24, 36]", "dilations of the 3x3 convolutions"),
      Key(
        "mean", .boolean, default: "true",
        "a branch for the mean over the field; without it the network can be tiled"),
    ])
  public let filters: Int
  public let rates: [Int]
  public let mean: Bool

  public init(_ filters: Int = 256, rates: [Int] = [12, 24, 36], mean: Bool = true) {
    (self.filters, self.rates, self.mean) = (filters, rates, mean)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    filters = try arguments.whole("filters") ?? 256
    rates = arguments.list("rates")?.compactMap(\.integer) ?? [12, 24, 36]
    mean = arguments.boolean("mean") ?? true
    guard rates.allSatisfy({ (1...Sizes.largest).contains($0) }) else {
      throw PlanError("`rates` must be numbers above 0, found \(rates)", at: arguments.mark("rates"))
    }
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("filters", filters, unless: 256) { .integer($0) }
    keys.add("rates", rates, unless: [12, 24, 36]) { .list($0.map { .integer($0) }) }
    keys.add("mean", mean, unless: true) { .boolean($0) }
    return keys
  }

  @LayerBuilder private func stack(kernel: Int = 1, dilation: Int = 1) -> [any Layer] {
    Conv(filters, kernel: Sizes(kernel), dilation: Sizes(dilation), bias: false)
    BatchNorm()
    ReLU()
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    _ = try network.spatialRank(input, "a spatial pyramid")
    var parts = [try network.apply("branches.0", input) { stack() }]
    for (index, rate) in rates.enumerated() {
      parts.append(try network.apply("branches.\(index + 1)", input) { stack(kernel: 3, dilation: rate) })
    }
    if mean {
      let value = try network.apply("branches.\(rates.count + 1)", input) {
        GlobalAveragePool()
        stack()
      }
      parts.append(try network.graph.one(Compute.Expand(network.shape(parts[0])), value))
    }
    let joined = try network.concatenated(parts, .error, "the pyramid")
    return try network.apply("project", joined) { stack() }
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with(channels: filters) }
}
