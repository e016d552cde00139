import Basics
import Compute
import Tensors

/// A stack of SRCNNs, each twice as fine, with the relief of its own resolution as a further channel (Vandal et al.
/// 2017).
///
/// The input is on the fine grid: the interpolated fields, then the auxiliary channels. Each stage but the last works
/// on means over blocks of cells; between stages the fields are interpolated (bicubic). Parameters `stages.K.*`,
/// K = 0 the coarsest.
public struct DeepSD: Model {
  public static let declaration = Declaration(
    name: "deepsd", summary: "stack of SRCNNs, each twice as fine, with relief (Vandal et al. 2017)",
    keys: SuperResolution.declared + [
      Key("stages", .integer, default: "3", "networks in the stack: 3 make 8 times finer"),
      Key("auxiliary", .integer, default: "1", "channels at the end that every stage gets: relief"),
      Key(
        "supervise", .number, default: "0",
        "weight in the loss of each stage's field, interpolated to the fine grid"),
    ])
  public static let published: [Published] = [
    Published(
      [("stages", .integer(1))], input: [2, 40, 40], parameters: 29_697,
      source:
        "one stage: 64-32-1 filters of 9-3-5 on the field and the relief, counted from the authors' layers")
  ]
  public let shape: SuperResolution
  public let stages: Int
  public let auxiliary: Int
  public let supervise: Double

  public init(
    outputs: Int = 1, stages: Int = 3, auxiliary: Int = 1, kernels: [Int] = [9, 3, 5],
    filters: [Int] = [64, 32],
    residual: [Int] = [], supervise: Double = 0
  ) {
    shape = SuperResolution(
      outputs: outputs, kernels: kernels, filters: filters, isValid: false, residual: residual)
    (self.stages, self.auxiliary, self.supervise) = (stages, auxiliary, supervise)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    shape = try SuperResolution(arguments, kernels: [9, 3, 5], filters: [64, 32])
    if shape.isValid {
      throw PlanError("a stack keeps the size: padding `same`", at: arguments.mark("padding"))
    }
    stages = try arguments.whole("stages", to: 8) ?? 3
    auxiliary = try arguments.whole("auxiliary", minimum: 0) ?? 1
    supervise = try arguments.number("supervise", in: 0...1e6) ?? 0
  }
  public var keys: [(String, ConfigValue)] {
    var keys = shape.keys(kernels: [9, 3, 5], filters: [64, 32])
    keys.add("stages", stages, unless: 3) { .integer($0) }
    keys.add("auxiliary", auxiliary, unless: 1) { .integer($0) }
    keys.add("supervise", supervise, unless: 0) { .number($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    _ = try network.spatialRank(input, "a stack of networks")
    let count = network.channels(input)
    guard (1...8).contains(stages), auxiliary < count else {
      throw network.error("needs fields in front of \(auxiliary) auxiliary channels", input)
    }
    try network.requireDivisible(input, by: 1 << (stages - 1), "a stack of \(stages) networks")
    let relief = auxiliary == 0 ? nil : try network.channels(input, Array(count - auxiliary..<count))
    var value = try network.channels(input, Array(0..<count - auxiliary))
    if stages > 1 { value = try network.apply("coarse", AveragePool(Sizes(1 << (stages - 1))), value) }
    for stage in 0..<stages {
      let factor = 1 << (stages - 1 - stage)
      var parts = [value]
      if let relief {
        parts.append(
          factor == 1 ? relief : try network.apply("coarse", AveragePool(Sizes(factor)), relief))
      }
      let stacked = try network.concatenated(parts, .error, "a stage")
      value = try network.scoped("stages.\(stage)") { network throws(GraphError) in
        try shape.apply(stacked, in: &network)
      }
      guard factor > 1 else { break }
      if supervise > 0 {
        network.addOutput(
          "stages.\(stage)", try network.apply("side", Resize(scale: Double(factor), .bicubic), value),
          weight: supervise)
      }
      value = try network.apply("up", Resize(scale: 2, .bicubic), value)
    }
    return value
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with(channels: shape.outputs) }
}
