import Basics
import Compute

/// Convolutions with rectifiers between them, of given kernels and channels: what SRCNN and its stack are made of.
public struct SuperResolution: Sendable, Hashable {
  public var outputs: Int
  public var kernels: [Int]
  public var filters: [Int]
  public var isValid: Bool
  public var residual: [Int]

  static let declared = [
    Key("outputs", .integer, default: "1", "channels of the output"),
    Key("kernels", .list(.integer), default: "as published", "cells of the windows of each convolution"),
    Key("filters", .list(.integer), default: "[64, 32]", "channels between them: one fewer"),
    Key("padding", .choice(["same", "valid"]), default: "same", "of the convolutions"),
    Key("residual", .list(.integer), "channels of the input (from 0) that are added to the outputs"),
  ]

  init(outputs: Int, kernels: [Int], filters: [Int], isValid: Bool, residual: [Int]) {
    (self.outputs, self.kernels, self.filters) = (outputs, kernels, filters)
    (self.isValid, self.residual) = (isValid, residual)
  }

  init(_ arguments: Arguments, kernels: [Int], filters: [Int]) throws(PlanError) {
    outputs = try arguments.whole("outputs") ?? 1
    self.kernels = try Self.positive(arguments, "kernels") ?? kernels
    self.filters = try Self.positive(arguments, "filters") ?? filters
    isValid = arguments.text("padding") == "valid"
    residual = arguments.list("residual")?.compactMap(\.integer) ?? []
    guard self.kernels.count == self.filters.count + 1 else {
      throw PlanError(
        "\(self.kernels.count) kernels need \(self.kernels.count - 1) numbers of filters between them, found "
          + "\(self.filters.count)", at: arguments.mark("filters"))
    }
  }

  private static func positive(_ arguments: Arguments, _ key: String) throws(PlanError) -> [Int]? {
    guard let numbers = arguments.list(key)?.compactMap(\.integer) else { return nil }
    guard numbers.allSatisfy({ (1...1 << 16).contains($0) }) else {
      throw PlanError(
        "`\(key)` must be numbers from 1 to \(1 << 16), found \(numbers)", at: arguments.mark(key))
    }
    return numbers
  }

  func keys(kernels: [Int], filters: [Int]) -> [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("outputs", outputs, unless: 1) { .integer($0) }
    keys.add("kernels", self.kernels, unless: kernels) { .list($0.map { .integer($0) }) }
    keys.add("filters", self.filters, unless: filters) { .list($0.map { .integer($0) }) }
    keys.add("padding", isValid, unless: false) { _ in .text("valid") }
    keys.add("residual", residual, unless: []) { .list($0.map { .integer($0) }) }
    return keys
  }

  func apply(_ input: Value, bias: Bool = true, isTransposed: Bool = false, in network: inout NetworkBuilder)
    throws(GraphError) -> Value
  {
    guard kernels.count == filters.count + 1 else {
      throw network.error(
        "\(kernels.count) kernels need one number of filters fewer, found \(filters.count)", input)
    }
    var value = input
    for (index, kernel) in kernels.enumerated() {
      let isLast = index == kernels.count - 1
      let width = isLast ? outputs : filters[index]
      let begin: (any Initialiser)? = isLast && !residual.isEmpty ? Constant(0) : nil
      let layer: any Layer =
        isLast && isTransposed
        ? ConvTranspose(width, kernel: Sizes(kernel), stride: 1, bias: bias, initialiser: begin)
        : Conv(
          width, kernel: Sizes(kernel), padding: isValid ? .valid : .same, bias: bias, initialiser: begin)
      value = try network.apply("conv\(index + 1)", layer, value)
      if !isLast { value = try network.graph.one(Compute.Relu(), value) }
    }
    return residual.isEmpty ? value : try network.addingChannels(value, of: input, residual)
  }
}
