import Basics
import Compute
import Tensors

/// A convolution of each channel by itself, with `multiplier` filters for each: a convolution in as many groups as
/// there are channels.
public struct DepthwiseConv: Layer {
  public static let declaration = Declaration(
    name: "depthwise-conv", summary: "convolution of each channel by itself",
    keys: [
      Key("kernel", Sizes.kind, default: "3", "cells of the window"),
      Key("multiplier", .integer, default: "1", "filters for each channel"),
      Key("stride", Sizes.kind, default: "1", "cells from window to window"),
      Key("padding", Padding.kind, default: "same", "same, valid, full, or cells on each side"),
      Key("dilation", Sizes.kind, default: "1", "cells from element to element of the window"),
      CommonKeys.bias, PaddingMode.key, CommonKeys.initialiser,
    ])

  public let kernel: Sizes
  public let multiplier: Int
  public let stride: Sizes
  public let padding: Padding
  public let dilation: Sizes
  public let bias: Bool
  public let paddingMode: PaddingMode
  public let initialiser: (any Initialiser)?

  public init(
    kernel: Sizes = 3, multiplier: Int = 1, stride: Sizes = 1, padding: Padding = .same, dilation: Sizes = 1,
    bias: Bool = true, paddingMode: PaddingMode = .domain, initialiser: (any Initialiser)? = nil
  ) {
    (self.kernel, self.multiplier, self.stride, self.padding) = (kernel, multiplier, stride, padding)
    (self.dilation, self.bias, self.paddingMode) = (dilation, bias, paddingMode)
    self.initialiser = initialiser
  }

  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(
      kernel: try .optional(arguments, "kernel") ?? 3, multiplier: try arguments.whole("multiplier") ?? 1,
      stride: try .optional(arguments, "stride") ?? 1,
      padding: try Padding(arguments, "padding", default: .same),
      dilation: try .optional(arguments, "dilation") ?? 1, bias: arguments.boolean("bias") ?? true,
      paddingMode: PaddingMode(arguments), initialiser: decoding.initialiser(arguments))
  }

  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("kernel", kernel, unless: 3, \.configuration)
    keys.add("multiplier", multiplier, unless: 1) { .integer($0) }
    keys.add("stride", stride, unless: 1, \.configuration)
    keys.add("padding", padding, unless: .same, \.configuration)
    keys.add("dilation", dilation, unless: 1, \.configuration)
    keys.add("bias", bias, unless: true) { .boolean($0) }
    keys.add("padding-mode", paddingMode.configuration)
    keys.add("initialiser", initialiser?.configuration)
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    _ = try network.spatialRank(input, "a convolution")
    let channels = network.channels(input)
    let (filters, overflow) = channels.multipliedReportingOverflow(by: multiplier)
    guard !overflow else { throw network.error("\(multiplier) filters for each channel are too many", input) }
    return try Conv(
      filters, kernel: kernel, stride: stride, padding: padding, dilation: dilation, groups: channels,
      bias: bias, paddingMode: paddingMode, initialiser: initialiser
    ).apply(input, in: &network)
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    guard input.rank > 1 else { return nil }
    let (filters, overflow) = input.extents[1].multipliedReportingOverflow(by: multiplier)
    return overflow ? nil : input.with(channels: filters) { ($1 + stride[$0] - 1) / stride[$0] }
  }
}
