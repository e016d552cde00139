import Basics
import Compute
import Tensors

/// What max, average and p-norm pooling have in common.
public struct PoolKeys: Sendable, Hashable {
  public var kernel: Sizes
  /// Nil: the kernel.
  public var stride: Sizes?
  public var padding: Padding
  public var dilation: Sizes
  public var ceil: Bool

  public init(
    _ kernel: Sizes, stride: Sizes? = nil, padding: Padding = .valid, dilation: Sizes = 1, ceil: Bool = false
  ) {
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
    (self.dilation, self.ceil) = (dilation, ceil)
  }

  static let declared = [
    Key("kernel", Sizes.kind, default: "2", "cells of the window"),
    Key("stride", Sizes.kind, default: "kernel", "cells from window to window"),
    Key("padding", Padding.kind, default: "valid", "same, valid, or cells on each side"),
    Key("dilation", Sizes.kind, default: "1", "cells from element to element of the window"),
    Key("ceil", .boolean, default: "false", "keep windows that reach beyond the end"),
  ]

  init(_ arguments: Arguments) throws(PlanError) {
    self.init(
      try .optional(arguments, "kernel") ?? 2, stride: try .optional(arguments, "stride"),
      padding: try Padding(arguments, "padding", default: .valid),
      dilation: try .optional(arguments, "dilation") ?? 1, ceil: arguments.boolean("ceil") ?? false)
  }

  var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("kernel", kernel, unless: 2, \.configuration)
    keys.add("stride", stride?.configuration)
    keys.add("padding", padding, unless: .valid, \.configuration)
    keys.add("dilation", dilation, unless: 1, \.configuration)
    keys.add("ceil", ceil, unless: false) { .boolean($0) }
    return keys
  }

  func declaredShape(_ input: Shape) -> Shape? {
    let stride = stride ?? kernel
    return input.with { $1 / stride[$0] }
  }

  func window(_ input: Value, in network: NetworkBuilder) throws(GraphError) -> PoolWindow {
    let rank = try network.spatialRank(input, "pooling")
    let kernel = try kernel.expanded(rank, "kernel", input, in: network)
    let dilation = try dilation.expanded(rank, "dilation", input, in: network)
    let sides = try padding.sides(zip(kernel, dilation).map { ($0 - 1) * $1 + 1 }, input, in: network)
    return PoolWindow(
      kernel: kernel, stride: try stride?.expanded(rank, "stride", input, in: network), dilation: dilation,
      padsBefore: sides.before, padsAfter: sides.after, ceilMode: ceil)
  }
}
