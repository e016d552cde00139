import Basics
import Compute

/// What networks of equal convolutions have in common.
public struct CNNKeys: Sendable {
  public var outputs: Int
  public var width: Int
  public var depth: Int
  public var kernel: Int
  public var batchNorm: Bool
  public var activation: any Layer
  public var residual: [Int]

  static let declared = [
    Key("outputs", .integer, default: "1", "channels of the output"),
    Key("width", .integer, default: "32", "channels inside"),
    Key("depth", .integer, default: "4", "convolutions, or residual blocks of two"),
    Key("kernel", .integer, default: "3", "cells of their windows"),
    Key("batch-norm", .boolean, default: "false", "batch normalisation behind each convolution"),
    Stack.activationKey,
    Key("residual", .list(.integer), "channels of the input (from 0) that are added to the outputs"),
  ]

  init(
    outputs: Int, width: Int, depth: Int, kernel: Int, batchNorm: Bool, activation: any Layer, residual: [Int]
  ) {
    (self.outputs, self.width, self.depth, self.kernel) = (outputs, width, depth, kernel)
    (self.batchNorm, self.activation, self.residual) = (batchNorm, activation, residual)
  }

  init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(
      outputs: try arguments.whole("outputs") ?? 1, width: try arguments.whole("width") ?? 32,
      depth: try arguments.whole("depth", to: 1000) ?? 4,
      kernel: try arguments.whole("kernel", to: 1 << 10) ?? 3,
      batchNorm: arguments.boolean("batch-norm") ?? false, activation: Stack.activation(arguments, decoding),
      residual: arguments.list("residual")?.compactMap(\.integer) ?? [])
  }

  var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("outputs", outputs, unless: 1) { .integer($0) }
    keys.add("width", width, unless: 32) { .integer($0) }
    keys.add("depth", depth, unless: 4) { .integer($0) }
    keys.add("kernel", kernel, unless: 3) { .integer($0) }
    keys.add("batch-norm", batchNorm, unless: false) { .boolean($0) }
    keys.add("activation", Stack.configuration(of: activation))
    keys.add("residual", residual, unless: []) { .list($0.map { .integer($0) }) }
    return keys
  }

  /// The last convolution; with `residual` it begins at zero, so that the network begins as the identity.
  func head(_ body: Value, _ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let last = Conv(outputs, kernel: Sizes(kernel), initialiser: residual.isEmpty ? nil : Constant(0))
    let output = try network.apply("head", last, body)
    return residual.isEmpty ? output : try network.addingChannels(output, of: input, residual)
  }
}
