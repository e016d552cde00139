import Basics
import Compute
import Tensors

/// A convolution of each channel by itself, then one of 1 x 1 that mixes the channels (Xception, MobileNet). Its
/// parameters are `depthwise.weight` and `pointwise.weight` (and `pointwise.bias`).
public struct SeparableConv: Layer {
  public static let declaration = Declaration(
    name: "separable-conv", summary: "depthwise convolution, then 1x1",
    keys: [
      Key("filters", .integer, required: true, "number of output channels"),
      Key("kernel", Sizes.kind, default: "3", "cells of the window"),
      Key("multiplier", .integer, default: "1", "filters for each channel in the first step"),
      Key("stride", Sizes.kind, default: "1", "cells from window to window"),
      Key("padding", Padding.kind, default: "same", "same, valid, full, or cells on each side"),
      Key("dilation", Sizes.kind, default: "1", "cells from element to element of the window"),
      CommonKeys.bias, PaddingMode.key, CommonKeys.initialiser,
    ])

  public let filters: Int
  public let depthwise: DepthwiseConv
  public let bias: Bool

  public init(
    _ filters: Int, kernel: Sizes = 3, multiplier: Int = 1, stride: Sizes = 1, padding: Padding = .same,
    dilation: Sizes = 1, bias: Bool = true, paddingMode: PaddingMode = .domain,
    initialiser: (any Initialiser)? = nil
  ) {
    (self.filters, self.bias) = (filters, bias)
    depthwise = DepthwiseConv(
      kernel: kernel, multiplier: multiplier, stride: stride, padding: padding, dilation: dilation,
      bias: false, paddingMode: paddingMode, initialiser: initialiser)
  }

  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    let all = try DepthwiseConv(arguments, decoding)
    self.init(
      try arguments.whole("filters") ?? 1, kernel: all.kernel, multiplier: all.multiplier,
      stride: all.stride, padding: all.padding, dilation: all.dilation, bias: all.bias,
      paddingMode: all.paddingMode, initialiser: all.initialiser)
  }

  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = [("filters", .integer(filters))]
    keys += depthwise.keys.filter { $0.0 != "bias" }
    keys.add("bias", bias, unless: true) { .boolean($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let middle = try network.scoped("depthwise") { network throws(GraphError) in
      try depthwise.apply(input, in: &network)
    }
    return try network.scoped("pointwise") { network throws(GraphError) in
      try Conv(filters, kernel: 1, bias: bias, initialiser: depthwise.initialiser)
        .apply(middle, in: &network)
    }
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    depthwise.declaredShape(input)?.with(channels: filters)
  }
}
