import Basics
import Compute
import Tensors

/// Three convolutions over the large-scale predictors, then one fully connected layer for each number that is predicted
/// of each cell (Bano-Medina, Manzanas and Gutierrez 2020, Geosci. Model Dev. 13, 2109; 2022, Geosci. Model Dev. 15,
/// 6747). Parameters `conv_1.*`, `conv_2.*`, `conv_3.*`, and `out.*`; or `out_mean.*`, `out_log_var.*`; or `p.*`,
/// `log_shape.*`, `log_scale.*`, as in the authors' deep4downscaling.
public struct DeepESD: Model {
  public enum Head: String, Sendable, Hashable, CaseIterable {
    case value, gaussian
    case bernoulliGamma = "bernoulli-gamma"

    var names: [String] {
      switch self {
      case .value: ["out"]
      case .gaussian: ["out_mean", "out_log_var"]
      case .bernoulliGamma: ["p", "log_shape", "log_scale"]
      }
    }
  }

  public static let declaration = Declaration(
    name: "deepesd",
    summary: "convolutions, then one fully connected layer to all fine cells (Bano-Medina et al. 2022)",
    discussion: """
      `head: gaussian` is for the loss `gaussian-nll`, `bernoulli-gamma` for the loss of that name. The weights belong \
      to one size of the field, and each cell depends on all of it: train it on whole fields. For rain the authors have \
      `filters: [50, 25, 1]`, for temperature `[50, 25, 10]`.
      """,
    keys: [
      Key("scale", .integer, default: "4", "how many times finer the output is"),
      Key("outputs", .integer, default: "1", "variables of the output"),
      Key(
        "head", .choice(Head.allCases.map(\.rawValue)), default: "value",
        "what is predicted of each: its value; mean and logarithm of the variance; logit of the probability of rain, "
          + "logarithms of shape and scale"),
      Key("filters", .list(.integer), default: "[50, 25, 10]", "channels of the convolutions"),
      Key("kernel", .integer, default: "3", "cells of their windows"),
      Stack.activationKey,
    ])
  private static let rain = ConfigValue.list([50, 25, 1].map { .integer($0) })
  public static let published = [
    Published(
      [("filters", rain), ("head", .text("bernoulli-gamma"))], input: [20, 16, 16], parameters: 3_178_567,
      source:
        "Bano-Medina et al. 2022: net for rain, counted from its layers for 20 predictors on 16 x 16 cells"),
    Published(
      [("scale", .integer(2)), ("head", .text("gaussian"))], input: [20, 16, 16], parameters: 5_267_513,
      source:
        "Bano-Medina et al. 2022: net for temperature, counted from its layers, 2 times finer than 16 x 16 cells"
    ),
  ]
  public let scale: Int
  public let outputs: Int
  public let head: Head
  public let filters: [Int]
  public let kernel: Int
  public let activation: any Layer

  public init(
    scale: Int = 4, outputs: Int = 1, head: Head = .value, filters: [Int] = [50, 25, 10], kernel: Int = 3,
    activation: any Layer = ReLU()
  ) {
    (self.scale, self.outputs, self.head) = (scale, outputs, head)
    (self.filters, self.kernel, self.activation) = (filters, kernel, activation)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    scale = try arguments.whole("scale", to: 64) ?? 4
    outputs = try arguments.whole("outputs", to: 1 << 10) ?? 1
    head = arguments.text("head").flatMap(Head.init(rawValue:)) ?? .value
    filters = arguments.list("filters")?.compactMap(\.integer) ?? [50, 25, 10]
    guard !filters.isEmpty, filters.allSatisfy({ (1...1 << 16).contains($0) }) else {
      throw PlanError("`filters` must be numbers above 0", at: arguments.mark("filters"))
    }
    kernel = try arguments.whole("kernel", to: 1 << 10) ?? 3
    activation = Stack.activation(arguments, decoding)
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("scale", scale, unless: 4) { .integer($0) }
    keys.add("outputs", outputs, unless: 1) { .integer($0) }
    keys.add("head", head, unless: .value) { .text($0.rawValue) }
    keys.add("filters", filters, unless: [50, 25, 10]) { .list($0.map { .integer($0) }) }
    keys.add("kernel", kernel, unless: 3) { .integer($0) }
    keys.add("activation", Stack.configuration(of: activation))
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    _ = try network.spatialRank(input, "downscaling")
    var space: [Int] = []
    var numbers = outputs
    for extent in network.shape(input).extents.dropFirst(2) {
      let (fine, overflow) = extent.multipliedReportingOverflow(by: scale)
      let (product, overflowToo) = numbers.multipliedReportingOverflow(by: fine)
      guard !overflow, !overflowToo, product <= 1 << 30 else {
        throw network.error("the output would have too many cells for fully connected layers", input)
      }
      space.append(fine)
      numbers = product
    }
    var value = input
    for (index, width) in filters.enumerated() {
      value = try network.apply("conv_\(index + 1)", Conv(width, kernel: Sizes(kernel)), value)
      value = try network.apply("activation", activation, value)
    }
    let flat = try network.apply("flatten", Flatten(), value)
    var maps: [Value] = []
    for name in head.names {
      let row = try network.apply(name, Dense(numbers), flat)
      maps.append(try network.graph.reshape(row, [0, outputs] + space))
    }
    return try network.graph.concat(maps, axis: 1)
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.with(channels: outputs * head.names.count) { $1 * scale }
  }
}
