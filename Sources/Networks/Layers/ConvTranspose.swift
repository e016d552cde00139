import Basics
import Compute
import Tensors

/// Transposed convolution: up-sampling with trained weights.
///
/// Parameters as PyTorch's ConvTranspose2d: `weight` [channels, filters / groups, kernel...], `bias` [filters].
public struct ConvTranspose: Layer {
  public static let declaration = Declaration(
    name: "conv-transpose", summary: "transposed convolution: up-sampling with trained weights",
    discussion: """
      Along each dimension the output has (size - 1) stride + dilation (kernel - 1) + 1 + output-padding - padding \
      cells. With `padding: same` it is size x stride. Beyond its border the input goes on as `padding-mode` says.
      """,
    keys: [
      Key("filters", .integer, required: true, "number of output channels"),
      Key("kernel", Sizes.kind, default: "2", "cells of the window"),
      Key("stride", Sizes.kind, default: "2", "how many times finer the output is"),
      Key("padding", Padding.kind, default: "same", "cells that are cut from each side; `valid` cuts none"),
      Key("output-padding", Sizes.kind, default: "0", "cells more at the end"),
      Key("dilation", Sizes.kind, default: "1", "cells from element to element of the window"),
      Key("groups", .integer, default: "1", "parts of the channels that are convolved alone"),
      CommonKeys.bias, PaddingMode.key, CommonKeys.initialiser, CommonKeys.biasInitialiser,
    ])

  public let filters: Int
  public let kernel: Sizes
  public let stride: Sizes
  /// `same` cuts kernel - stride cells, one more at the end when they are odd (Keras).
  public let padding: Padding
  public let outputPadding: Sizes
  public let dilation: Sizes
  public let groups: Int
  public let bias: Bool
  public let paddingMode: PaddingMode
  public let initialiser: (any Initialiser)?
  public let biasInitialiser: (any Initialiser)?

  public init(
    _ filters: Int, kernel: Sizes = 2, stride: Sizes = 2, padding: Padding = .same, outputPadding: Sizes = 0,
    dilation: Sizes = 1, groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .domain,
    initialiser: (any Initialiser)? = nil, biasInitialiser: (any Initialiser)? = nil
  ) {
    (self.filters, self.kernel, self.stride, self.padding) = (filters, kernel, stride, padding)
    (self.outputPadding, self.dilation, self.groups) = (outputPadding, dilation, groups)
    (self.bias, self.paddingMode) = (bias, paddingMode)
    (self.initialiser, self.biasInitialiser) = (initialiser, biasInitialiser)
  }

  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    let padding = try Padding(arguments, "padding", default: .same)
    if padding == .full {
      throw PlanError(
        "`padding` of a transposed convolution is same, valid or a number of cells",
        at: arguments.mark("padding"))
    }
    self.init(
      try arguments.whole("filters") ?? 1, kernel: try .optional(arguments, "kernel") ?? 2,
      stride: try .optional(arguments, "stride") ?? 2, padding: padding,
      outputPadding: try .optional(arguments, "output-padding", minimum: 0) ?? 0,
      dilation: try .optional(arguments, "dilation") ?? 1, groups: try arguments.whole("groups") ?? 1,
      bias: arguments.boolean("bias") ?? true, paddingMode: PaddingMode(arguments),
      initialiser: decoding.initialiser(arguments),
      biasInitialiser: decoding.initialiser(arguments, "bias-initialiser"))
  }

  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = [("filters", .integer(filters))]
    keys.add("kernel", kernel, unless: 2, \.configuration)
    keys.add("stride", stride, unless: 2, \.configuration)
    keys.add("padding", padding, unless: .same, \.configuration)
    keys.add("output-padding", outputPadding, unless: 0, \.configuration)
    keys.add("dilation", dilation, unless: 1, \.configuration)
    keys.add("groups", groups, unless: 1) { .integer($0) }
    keys.add("bias", bias, unless: true) { .boolean($0) }
    keys.add("padding-mode", paddingMode.configuration)
    keys.add("initialiser", initialiser?.configuration)
    keys.add("bias-initialiser", biasInitialiser?.configuration)
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let rank = try network.spatialRank(input, "a transposed convolution")
    let channels = try network.channels(input, of: filters, inGroups: groups)
    let kernel = try kernel.expanded(rank, "kernel", input, in: network)
    let stride = try stride.expanded(rank, "stride", input, in: network)
    let dilation = try dilation.expanded(rank, "dilation", input, in: network)
    var more = try outputPadding.expanded(rank, "output padding", input, in: network)
    let reach = zip(kernel, dilation).map { ($0 - 1) * $1 + 1 }
    var (before, after) = (reach.map { _ in 0 }, reach.map { _ in 0 })
    if padding == .same {
      for dimension in 0..<rank {
        let surplus = reach[dimension] - stride[dimension]
        before[dimension] = max(0, surplus) / 2
        after[dimension] = max(0, surplus) - before[dimension]
        more[dimension] += max(0, -surplus)
      }
    } else {
      (before, after) = try padding.sides(reach, input, in: network)
    }
    // Where the input goes on beyond the border its cells there count too: they are put around it, and what
    // they make is cut off.
    let modes = try paddingMode.expanded(rank, input, in: network)
    let around = (0..<rank).map { dimension in
      modes[dimension] == .zero ? 0 : (reach[dimension] - 1) / stride[dimension]
    }
    let value = try network.padded(input, before: around, after: around, modes).value
    for dimension in 0..<rank {
      before[dimension] += around[dimension] * stride[dimension]
      after[dimension] += around[dimension] * stride[dimension]
    }
    var inputs = [
      value,
      try network.parameter(
        "weight", [channels, filters / groups] + kernel, initialiser ?? He(),
        // Each output cell sees as many cells as windows lie over it.
        fan: Fan(
          input: max(1, kernel.reduce(channels / groups, *) / stride.reduce(1, *)),
          output: kernel.reduce(filters / groups, *))),
    ]
    if bias { inputs.append(try network.parameter("bias", [filters], biasInitialiser ?? Constant(0))) }
    let operation = Compute.ConvTranspose(
      strides: stride, dilations: dilation, pads: before + after, outputPadding: more, groups: groups)
    return try network.only(network.graph.apply(operation, inputs))
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.with(channels: filters) { $1.multipliedReportingOverflow(by: stride[$0]).partialValue }
  }
}
