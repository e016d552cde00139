import Basics
import Compute
import Tensors

/// The context guided network (Wu et al. 2018, arXiv 1811.08201) by which ClimateNet finds tropical cyclones and
/// atmospheric rivers (Prabhat et al. 2021; Kapp-Schwoerer et al. 2020): local and surrounding features of half the
/// channels each, weighted by the global context, at an eighth of the size. The output is [classes] logits at full size.
///
/// ClimateNet's own pads by joining rows and columns; here the padding is that of the domain: columns are joined on a
/// global grid, the poles never.
public struct CGNet: Model {
  public static let declaration = Declaration(
    name: "cgnet", summary: "small segmentation network, as ClimateNet has it (Wu et al. 2018)",
    discussion: "The global context makes each cell depend on the whole field: it is not tiled.",
    keys: [
      Key("classes", .integer, default: "3", "outputs: logits"),
      Key("m", .integer, default: "3", "blocks at a quarter of the size"),
      Key("n", .integer, default: "21", "blocks at an eighth of the size"),
    ])
  public static let published = [
    Published(
      [("classes", .integer(19))], input: [3, 64, 64], parameters: 496_306,
      source: "Wu et al. 2018: CGNet M3N21 for Cityscapes (\"less than 0.5 M\"; the authors' code)"),
    Published(
      input: [4, 64, 64], parameters: 494_232,
      source: "ClimateNet: 3 classes of TMQ, U850, V850, PSL (the authors' layers)"),
  ]
  public let classes: Int
  public let m: Int
  public let n: Int

  public init(classes: Int = 3, m: Int = 3, n: Int = 21) {
    (self.classes, self.m, self.n) = (classes, m, n)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    classes = try arguments.whole("classes") ?? 3
    m = try arguments.whole("m", minimum: 2, to: 100) ?? 3
    n = try arguments.whole("n", minimum: 2, to: 100) ?? 21
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("classes", classes, unless: 3) { .integer($0) }
    keys.add("m", m, unless: 3) { .integer($0) }
    keys.add("n", n, unless: 21) { .integer($0) }
    return keys
  }

  @LayerBuilder private func normalised() -> [any Layer] {
    BatchNorm(epsilon: 1e-3)
    PReLU()
  }

  @LayerBuilder private func stack(_ width: Int, kernel: Int = 3, stride: Int = 1) -> [any Layer] {
    Conv(width, kernel: Sizes(kernel), stride: Sizes(stride), bias: false)
    normalised()
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    _ = try network.spatialRank(input, "a segmentation network")
    guard m >= 2, n >= 2 else { throw network.error("needs at least two blocks at each size", input) }
    try network.requireDivisible(input, by: 8, "CGNet")
    let first = try network.apply("level1", input) {
      stack(32, stride: 2)
      stack(32)
      stack(32)
    }
    let half = try network.apply("half", AveragePool(3, stride: 2, padding: 1), input)
    let quarter = try network.apply("quarter", AveragePool(3, stride: 2, padding: 1), half)
    let one = try joined("b1", [first, half], in: &network)
    let second = try blocks("level2", one, 64, m, dilation: 2, reduction: 8, in: &network)
    let two = try joined("b2", [second.last, second.first, quarter], in: &network)
    let third = try blocks("level3", two, 128, n, dilation: 4, reduction: 16, in: &network)
    let three = try joined("b3", [third.first, third.last], in: &network)
    let small = try network.apply("classifier", Conv(classes, kernel: 1, bias: false), three)
    return try network.apply("up", Resize(scale: 8), small)
  }

  private func joined(_ name: String, _ values: [Value], in network: inout NetworkBuilder) throws(GraphError)
    -> Value
  {
    let both = try network.concatenated(values, .error, "a level")
    return try network.apply(name, both) { normalised() }
  }

  /// The first block halves the size, the others add to their input.
  private func blocks(
    _ name: String, _ input: Value, _ width: Int, _ count: Int, dilation: Int, reduction: Int,
    in network: inout NetworkBuilder
  ) throws(GraphError) -> (first: Value, last: Value) {
    let attention = SqueezeExcitation(reduction: reduction)
    let first = try network.scoped("\(name).0") { network throws(GraphError) in
      let down = try network.apply("conv", input) { stack(width, stride: 2) }
      let context = try surroundings(down, dilation, in: &network)
      let reduced = try network.apply("reduce", Conv(width, kernel: 1, bias: false), context)
      return try network.apply("global", attention, reduced)
    }
    var value = first
    for index in 1..<count {
      let before = value
      value = try network.scoped("\(name).\(index)") { network throws(GraphError) in
        let narrow = try network.apply("conv", before) { stack(width / 2, kernel: 1) }
        let context = try surroundings(narrow, dilation, in: &network)
        return try network.graph.add(before, try network.apply("global", attention, context))
      }
    }
    return (first, value)
  }

  /// What each channel shows near a cell and farther from it, side by side.
  private func surroundings(_ value: Value, _ dilation: Int, in network: inout NetworkBuilder)
    throws(GraphError) -> Value
  {
    let near = try network.apply("local", DepthwiseConv(kernel: 3, bias: false), value)
    let far = try network.apply(
      "surrounding", DepthwiseConv(kernel: 3, dilation: Sizes(dilation), bias: false), value)
    let both = try network.concatenated([near, far], .error, "the context")
    return try network.apply("joint", both) { normalised() }
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with(channels: classes) }
}
