import Basics
import Compute
import Tensors

/// The block of MobileNet v2 (Sandler et al. 2018): a 1x1 convolution to more channels, a depthwise one, a linear 1x1
/// to few; added to the input where the shapes are the same. Batch normalisation behind each, activation (ReLU6) behind
/// the first two. Parameters `expand.*`, `depthwise.*`, `project.*`.
public struct InvertedResidual: Layer {
  public static let declaration = Declaration(
    name: "inverted-residual", summary: "widen, convolve each channel, narrow (MobileNet v2)",
    keys: [
      Key("filters", .integer, required: true, "number of output channels"),
      Key("kernel", Sizes.kind, default: "3", "cells of the depthwise window"),
      Key("stride", Sizes.kind, default: "1", "cells from window to window"),
      Key("dilation", Sizes.kind, default: "1", "cells from element to element of the window"),
      Key("expansion", .integer, default: "6", "how many times more channels inside"),
    ])
  public let filters: Int
  public let kernel: Sizes
  public let stride: Sizes
  public let dilation: Sizes
  public let expansion: Int

  public init(
    _ filters: Int, kernel: Sizes = 3, stride: Sizes = 1, dilation: Sizes = 1, expansion: Int = 6
  ) {
    (self.filters, self.kernel, self.stride) = (filters, kernel, stride)
    (self.dilation, self.expansion) = (dilation, expansion)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(
      try arguments.whole("filters") ?? 1, kernel: try .optional(arguments, "kernel") ?? 3,
      stride: try .optional(arguments, "stride") ?? 1, dilation: try .optional(arguments, "dilation") ?? 1,
      expansion: try arguments.whole("expansion", to: 1 << 10) ?? 6)
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = [("filters", .integer(filters))]
    keys.add("kernel", kernel, unless: 3, \.configuration)
    keys.add("stride", stride, unless: 1, \.configuration)
    keys.add("dilation", dilation, unless: 1, \.configuration)
    keys.add("expansion", expansion, unless: 6) { .integer($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let channels = network.channels(input)
    let (inside, overflow) = channels.multipliedReportingOverflow(by: expansion)
    guard !overflow else {
      throw network.error("\(channels) channels cannot be \(expansion) times as many", input)
    }
    var value = input
    if expansion != 1 {
      value = try network.apply("expand", value) {
        Conv(inside, kernel: 1, bias: false)
        BatchNorm()
        Limits(low: 0, high: 6)
      }
    }
    value = try network.apply("depthwise", value) {
      DepthwiseConv(kernel: kernel, stride: stride, dilation: dilation, bias: false)
      BatchNorm()
      Limits(low: 0, high: 6)
    }
    value = try network.apply("project", value) {
      Conv(filters, kernel: 1, bias: false)
      BatchNorm()
    }
    return network.shape(input) == network.shape(value) ? try network.graph.add(input, value) : value
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.with(channels: filters) { ($1 + stride[$0] - 1) / stride[$0] }
  }
}
