import Basics
import Compute
import Tensors

/// A convolution that shares no weights: each cell of the output has filters of its own (LeCun 1989; the "localized"
/// block of downscaling networks, where relief makes each place its own case).
///
/// Parameters as Keras' LocallyConnected2D with the channels first: `weight` [cells of the output, channels x kernel,
/// filters], `bias` [filters, spatial...]. They belong to one size of the field: such a network is neither tiled nor
/// applied to another one.
public struct LocallyConnected: Layer {
  public static let declaration = Declaration(
    name: "locally-connected", summary: "convolution with weights of its own for each cell",
    discussion: """
      The number of weights grows with the cells of the field, and the network holds for that field alone: it is \
      trained on whole fields (`patch` as large as the field).
      """,
    keys: [
      Key("filters", .integer, required: true, "number of output channels"),
      Key("kernel", Sizes.kind, default: "1", "cells of the window"),
      Key("stride", Sizes.kind, default: "1", "cells from window to window"),
      Key("padding", Padding.kind, default: "same", "same, valid, full, or cells on each side"),
      CommonKeys.bias, PaddingMode.key, CommonKeys.initialiser,
    ])
  public let filters: Int
  public let kernel: Sizes
  public let stride: Sizes
  public let padding: Padding
  public let bias: Bool
  public let paddingMode: PaddingMode
  public let initialiser: (any Initialiser)?

  public init(
    _ filters: Int, kernel: Sizes = 1, stride: Sizes = 1, padding: Padding = .same, bias: Bool = true,
    paddingMode: PaddingMode = .domain, initialiser: (any Initialiser)? = nil
  ) {
    (self.filters, self.kernel, self.stride, self.padding) = (filters, kernel, stride, padding)
    (self.bias, self.paddingMode, self.initialiser) = (bias, paddingMode, initialiser)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(
      try arguments.whole("filters") ?? 1, kernel: try .optional(arguments, "kernel") ?? 1,
      stride: try .optional(arguments, "stride") ?? 1,
      padding: try Padding(arguments, "padding", default: .same), bias: arguments.boolean("bias") ?? true,
      paddingMode: PaddingMode(arguments), initialiser: decoding.initialiser(arguments))
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = [("filters", .integer(filters))]
    keys.add("kernel", kernel, unless: 1, \.configuration)
    keys.add("stride", stride, unless: 1, \.configuration)
    keys.add("padding", padding, unless: .same, \.configuration)
    keys.add("bias", bias, unless: true) { .boolean($0) }
    keys.add("padding-mode", paddingMode.configuration)
    keys.add("initialiser", initialiser?.configuration)
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let rank = try network.spatialRank(input, "a locally connected layer")
    let channels = try network.channels(input, of: filters, inGroups: 1)
    let kernel = try kernel.expanded(rank, "kernel", input, in: network)
    let stride = try stride.expanded(rank, "stride", input, in: network)
    let windows = try windows(input, kernel, stride, in: &network)
    let (cells, features) = (windows.space.reduce(1, *), kernel.reduce(channels, *))
    let weight = try network.parameter(
      "weight", [cells, features, filters], initialiser ?? He(), fan: Fan(input: features, output: filters))
    // One small matrix product for each cell: [cells, batch, features] by [cells, features, filters].
    let rows = try network.graph.one(Compute.Transpose([2, 0, 1]), windows.value)
    let products = try network.graph.one(Compute.MatMul(), rows, weight)
    let turned = try network.graph.one(Compute.Transpose([1, 2, 0]), products)
    let output = try network.graph.reshape(turned, [0, filters] + windows.space)
    guard bias else { return output }
    let shift = try network.parameter("bias", [filters] + windows.space, Constant(0))
    return try network.graph.add(output, shift)
  }

  /// What each cell of the output sees: [batch, channels x kernel, cells], as PyTorch's `unfold` has it.
  private func windows(_ input: Value, _ kernel: [Int], _ stride: [Int], in network: inout NetworkBuilder)
    throws(GraphError) -> (value: Value, space: [Int])
  {
    let rank = kernel.count
    let sides = try padding.sides(kernel, input, in: network)
    let modes = try paddingMode.expanded(rank, input, in: network)
    var (value, before, after) = try network.padded(input, before: sides.before, after: sides.after, modes)
    if (before + after).contains(where: { $0 > 0 }) {
      let axes = zip(before, after).map { Compute.Pad.Axis($0, $1) }
      value = try network.graph.one(Compute.Pad([.none, .none] + axes), value)
    }
    let extents = Array(network.shape(value).extents.dropFirst(2))
    guard zip(extents, kernel).allSatisfy({ $0 >= $1 }) else {
      throw network.error("the window is larger than the field", input)
    }
    let space = zip(zip(extents, kernel), stride).map { ($0.0 - $0.1) / $1 + 1 }
    let (channels, cells) = (network.channels(value), space.reduce(1, *))
    var parts: [Value] = []
    for position in 0..<kernel.reduce(1, *) {
      var (rest, starts) = (position, [Int](repeating: 0, count: rank))
      for dimension in (0..<rank).reversed() {
        (rest, starts[dimension]) = rest.quotientAndRemainder(dividingBy: kernel[dimension])
      }
      let slice = Compute.Slice(
        axes: (0..<rank).map { $0 + 2 }, starts: starts,
        ends: (0..<rank).map { starts[$0] + (space[$0] - 1) * stride[$0] + 1 }, steps: stride)
      parts.append(try network.graph.reshape(try network.graph.one(slice, value), [0, channels, 1, cells]))
    }
    let joined = try network.graph.concat(parts, axis: 2)
    return (try network.graph.reshape(joined, [0, channels * parts.count, cells]), space)
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.with(channels: filters) { ($1 + stride[$0] - 1) / stride[$0] }
  }
}
