import Basics
import Compute
import Tensors

/// A convolution whose filters each see some channels only (LeCun et al. 1998, layer C3). Parameters `F.weight`
/// [1, channels of filter F, kernel...], `F.bias` [1].
public struct PartialConv: Layer {
  public static let declaration = Declaration(
    name: "partial-conv", summary: "convolution whose filters each see some channels",
    keys: [
      Key(
        "connections", .list(.list(.integer)), required: true, "for each filter the channels (from 0) it sees"
      ),
      Key("kernel", Sizes.kind, default: "3", "cells of the window"),
      Key("padding", Padding.kind, default: "valid", "same, valid, full, or cells on each side"),
      CommonKeys.bias,
    ])
  public let connections: [[Int]]
  public let kernel: Sizes
  public let padding: Padding
  public let bias: Bool

  public init(_ connections: [[Int]], kernel: Sizes = 3, padding: Padding = .valid, bias: Bool = true) {
    (self.connections, self.kernel, self.padding, self.bias) = (connections, kernel, padding, bias)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    connections = arguments.list("connections")?.map { $0.list?.compactMap(\.integer) ?? [] } ?? []
    kernel = try .optional(arguments, "kernel") ?? 3
    padding = try Padding(arguments, "padding", default: .valid)
    bias = arguments.boolean("bias") ?? true
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = [
      ("connections", .list(connections.map { .list($0.map { .integer($0) }) }))
    ]
    keys.add("kernel", kernel, unless: 3, \.configuration)
    keys.add("padding", padding, unless: .valid, \.configuration)
    keys.add("bias", bias, unless: true) { .boolean($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    var maps: [Value] = []
    for (index, seen) in connections.enumerated() {
      guard !seen.isEmpty else { throw network.error("filter \(index) sees no channel", input) }
      let part = try network.channels(input, seen)
      maps.append(
        try network.apply("\(index)", Conv(1, kernel: kernel, padding: padding, bias: bias), part))
    }
    guard !maps.isEmpty else { throw network.error("there are no filters", input) }
    return try network.concatenated(maps, .error, "the filters")
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with(channels: connections.count) }
}
