import Basics
import Compute
import Tensors

/// Convolution (cross-correlation) in one to three dimensions, as many as the input has.
///
/// Parameters as PyTorch's Conv2d: `weight` [filters, channels / groups, kernel...], `bias` [filters].
public struct Conv: Layer {
  public static let declaration = Declaration(
    name: "conv", summary: "convolution in one to three dimensions",
    discussion: """
      Along each dimension the output has (size + padding - dilation (kernel - 1) - 1) / stride + 1 cells. \
      What a stride does not reach at the end is an error with `fit: exact`, and not looked at with `floor`. \
      Padding with other numbers than zeros becomes an operator of its own in front of the convolution.
      """,
    keys: [
      Key("filters", .integer, required: true, "number of output channels"),
      Key("kernel", Sizes.kind, default: "3", "cells of the window"),
      Key("stride", Sizes.kind, default: "1", "cells from window to window"),
      Key("padding", Padding.kind, default: "same", "same, valid, full, or cells on each side"),
      Key("dilation", Sizes.kind, default: "1", "cells from element to element of the window"),
      Key("groups", .integer, default: "1", "parts of the channels that are convolved alone"),
      CommonKeys.bias,
      PaddingMode.key,
      Key(
        "fit", .choice(["exact", "floor"]), default: "exact with padding valid, else floor",
        "whether the stride must reach the end"),
      CommonKeys.initialiser,
      CommonKeys.biasInitialiser,
    ])

  public let filters: Int
  public let kernel: Sizes
  public let stride: Sizes
  public let padding: Padding
  public let dilation: Sizes
  public let groups: Int
  public let bias: Bool
  public let paddingMode: PaddingMode
  /// Nil: exact for `valid`.
  public let fit: Convolution.Fit?
  public let initialiser: (any Initialiser)?
  public let biasInitialiser: (any Initialiser)?

  public init(
    _ filters: Int, kernel: Sizes = 3, stride: Sizes = 1, padding: Padding = .same, dilation: Sizes = 1,
    groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .domain, fit: Convolution.Fit? = nil,
    initialiser: (any Initialiser)? = nil, biasInitialiser: (any Initialiser)? = nil
  ) {
    (self.filters, self.kernel, self.stride, self.padding) = (filters, kernel, stride, padding)
    (self.dilation, self.groups, self.bias, self.paddingMode) = (dilation, groups, bias, paddingMode)
    (self.fit, self.initialiser, self.biasInitialiser) = (fit, initialiser, biasInitialiser)
  }

  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(
      try arguments.whole("filters") ?? 1, kernel: try .optional(arguments, "kernel") ?? 3,
      stride: try .optional(arguments, "stride") ?? 1,
      padding: try Padding(arguments, "padding", default: .same),
      dilation: try .optional(arguments, "dilation") ?? 1, groups: try arguments.whole("groups") ?? 1,
      bias: arguments.boolean("bias") ?? true, paddingMode: PaddingMode(arguments),
      fit: arguments.text("fit").map { $0 == "exact" ? .exact : .floor },
      initialiser: decoding.initialiser(arguments),
      biasInitialiser: decoding.initialiser(arguments, "bias-initialiser"))
  }

  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = [("filters", .integer(filters))]
    keys.add("kernel", kernel, unless: 3, \.configuration)
    keys.add("stride", stride, unless: 1, \.configuration)
    keys.add("padding", padding, unless: .same, \.configuration)
    keys.add("dilation", dilation, unless: 1, \.configuration)
    keys.add("groups", groups, unless: 1) { .integer($0) }
    keys.add("bias", bias, unless: true) { .boolean($0) }
    keys.add("padding-mode", paddingMode.configuration)
    keys.add("fit", fit.map { .text($0 == .exact ? "exact" : "floor") })
    keys.add("initialiser", initialiser?.configuration)
    keys.add("bias-initialiser", biasInitialiser?.configuration)
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let rank = try network.spatialRank(input, "a convolution")
    let channels = try network.channels(input, of: filters, inGroups: groups)
    let kernel = try kernel.expanded(rank, "kernel", input, in: network)
    let stride = try stride.expanded(rank, "stride", input, in: network)
    let dilation = try dilation.expanded(rank, "dilation", input, in: network)
    let sides = try padding.sides(zip(kernel, dilation).map { ($0 - 1) * $1 + 1 }, input, in: network)
    let modes = try paddingMode.expanded(rank, input, in: network)
    let (value, before, after) = try network.padded(input, before: sides.before, after: sides.after, modes)
    let weight = try network.parameter(
      "weight", [filters, channels / groups] + kernel, initialiser ?? He())
    var inputs = [value, weight]
    if bias {
      inputs.append(
        try network.parameter(
          "bias", [filters], biasInitialiser ?? Constant(0),
          fan: Fan(input: kernel.reduce(channels / groups, *), output: filters)))
    }
    let operation = Compute.Conv(
      strides: stride, dilations: dilation, pads: before + after, groups: groups,
      fit: fit ?? (padding == .valid ? .exact : .floor))
    return try network.only(network.graph.apply(operation, inputs))
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.with(channels: filters) { ($1 + stride[$0] - 1) / stride[$0] }
  }
}

extension NetworkBuilder {
  /// The single output of an operator.
  func only(_ outputs: [Value]) throws(GraphError) -> Value {
    guard let value = outputs.first else { throw error("an operator makes nothing") }
    return value
  }
}
