import Tensors
import Testing

@testable import Compute

@Suite struct BlockedConvTests {
  @Test func lanesOfChannels() {
    #expect(Lanes([16, 32, 5]) == Lanes(channels: 53))
    let lanes = Lanes([24, 16, 3])
    #expect(lanes.runs == [24, 19] && lanes.blocks == 4 && lanes.channels == 43 && !lanes.isPlain)
    #expect(lanes.channelOfLane.count == 64)
    #expect(lanes.channelOfLane[23] == 23 && lanes.channelOfLane[24] == -1 && lanes.channelOfLane[32] == 24)
    #expect(lanes.laneOfChannel == Array(0..<24) + Array(32..<51))
    #expect(lanes.parts.map(\.block) == [0, 2] && lanes.parts.map(\.channel) == [0, 24])
  }

  @Test(arguments: [[3], [16], [40], [24, 16, 3]]) func thereAndBack(_ runs: [Int]) throws {
    let lanes = Lanes(runs)
    var graph = Graph()
    var given: [String: [Double]] = [:]
    var parts: [Value] = []
    var plain: [Value] = []
    for (index, run) in lanes.runs.enumerated() {
      let x = try graph.input("x\(index)", Shape([2, run, 5, 7]))
      given["x\(index)"] = Pattern.numbers(70 * run, seed: index + 1).map { Double(Float($0)) }
      plain.append(x)
      parts.append(try graph.one(ToBlocked(), x))
    }
    let whole = try graph.apply(Concat(axis: 0), parts)[0]
    let y = try graph.one(FromBlocked(lanes: lanes), whole)
    let other = try graph.apply(Concat(axis: 1), plain)[0]
    let expected = try Interpreter<Double>(graph).run([other, y], given)
    #expect(expected[0] == expected[1])
    let goals = Goals(outputs: [("y", y)])
    let found = try BlockedGraph.run(graph, goals, given, threads: 2).numbers
    #expect(found.map(Double.init) == expected[0])
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var images = 1
    var channels = 16
    var filters = 16
    var height = 12
    var width = 12
    var kernel = [3, 3]
    var strides: [Int] = []
    var dilations: [Int] = []
    var pads: [Int]?
    var groups = 1
    var isTransposed = false
    var testDescription: String {
      "\(images)x\(channels)x\(height)x\(width) to \(filters), \(kernel) \(strides) \(dilations) \(groups)"
    }
  }

  static let cases = [
    Case(images: 2, channels: 16, filters: 32, height: 9, width: 13),
    Case(images: 1, channels: 40, filters: 24, height: 13, width: 7),
    Case(images: 3, channels: 20, filters: 70, height: 7, width: 6, pads: [0, 0, 0, 0]),
    Case(images: 1, channels: 5, filters: 32, height: 10, width: 9),
    Case(images: 1, channels: 32, filters: 32, height: 5, width: 3),
    Case(images: 1, channels: 17, filters: 33, height: 9, width: 8, pads: [2, 0, 1, 3]),
    Case(images: 2, channels: 32, filters: 48, height: 11, width: 10, kernel: [1, 1]),
    Case(images: 1, channels: 24, filters: 32, height: 7, width: 8, kernel: [5, 5]),
    Case(images: 1, channels: 1, filters: 64, height: 9, width: 10, kernel: [9, 9]),
    Case(images: 1, channels: 3, filters: 64, height: 13, width: 12, kernel: [7, 7], strides: [2, 2]),
    Case(images: 1, channels: 32, filters: 32, height: 12, width: 11, strides: [2, 1]),
    Case(images: 1, channels: 32, filters: 32, height: 12, width: 13, dilations: [2, 3]),
    Case(images: 1, channels: 32, filters: 64, height: 8, width: 5, groups: 2),
    Case(images: 1, channels: 32, filters: 32, height: 8, width: 9, groups: 32),
    Case(images: 2, channels: 24, filters: 24, height: 7, width: 8, strides: [2, 1], groups: 24),
    Case(images: 2, channels: 32, filters: 3, height: 7, width: 8),
    Case(images: 2, channels: 5, filters: 6, height: 9, width: 21, kernel: [5, 5]),
    Case(
      images: 2, channels: 32, filters: 16, height: 5, width: 6, kernel: [2, 2], strides: [2, 2],
      pads: [0, 0, 0, 0],
      isTransposed: true),
    Case(
      images: 1, channels: 20, filters: 24, height: 5, width: 6, strides: [2, 3], pads: [1, 0, 1, 2],
      isTransposed: true),
    Case(images: 1, channels: 24, filters: 20, height: 7, width: 6, isTransposed: true),
    Case(
      images: 1, channels: 32, filters: 32, height: 5, width: 6, kernel: [4, 4], strides: [2, 2],
      pads: [1, 1, 1, 1],
      groups: 2, isTransposed: true),
  ]

  @Test(arguments: cases) func convolution(_ one: Case) throws { try check(one, nil) }

  @Test(arguments: [Relu(), Tanh(), Clip(low: -0.1, high: 0.3), LeakyRelu(), Exp()] as [any UnaryOperator])
  func activation(_ function: any UnaryOperator) throws {
    try check(Case(images: 2, channels: 16, filters: 20, height: 7, width: 9), function)
  }

  func graph(_ one: Case) throws -> (base: BlockedGraph, plain: Value, plan: ConvolutionPlan) {
    var base = try BlockedGraph([one.images, one.channels, one.height, one.width])
    let plain =
      one.isTransposed
      ? try base.transposed(
        base.input, one.filters, kernel: one.kernel, strides: one.strides, pads: one.pads ?? [1, 1, 1, 1],
        groups: one.groups)
      : try base.conv(
        base.input, one.filters, kernel: one.kernel, strides: one.strides, dilations: one.dilations,
        pads: one.pads, groups: one.groups)
    guard case .node(let index, _) = base.graph.origin(plain) else { throw RunError("no node") }
    let node = base.graph.nodes[index]
    let shapes = node.call.inputs.map(base.graph.shape)
    if let conv = node.op as? ConvTranspose { return (base, plain, try conv.plan(shapes)) }
    return (base, plain, try #require(node.op as? Conv).plan(shapes))
  }

  /// All ways that can compute a convolution, built by hand.
  func check(_ one: Case, _ function: (any UnaryOperator)?) throws {
    var (base, plain, plan) = try graph(one)
    let residual = try base.parameter(base.graph.shape(plain).extents)
    let sum = try base.graph.one(Add(), plain, residual)
    let y = try function.map { try base.graph.one($0, sum) } ?? sum
    let exact = try Interpreter<Double>(base.graph).run([plain, y], base.given)
    let (expected, scale) = (exact[1], exact.joined().map(abs).max() ?? 0)
    guard case .node(let index, _) = base.graph.origin(plain) else { return }
    let node = base.graph.nodes[index]
    var count = 0
    for way in BlockedConvolution.Way.allCases {
      guard
        let convolution = BlockedConvolution(
          plan, isAdjoint: one.isTransposed, lanes: Lanes(channels: one.channels), way: way)
      else { continue }
      count += 1
      var made = base
      let x = convolution.readsPlain ? made.input : try made.graph.one(ToBlocked(), made.input)
      let packed = try made.graph.apply(
        PackedWeights(convolution: convolution), Array(node.call.inputs[1...]))[0]
      let op = BlockedConv(convolution, activation: function.map { Activation($0) }, hasResidual: true)
      let added = convolution.makesPlain ? residual : try made.graph.one(ToBlocked(), residual)
      let inside = try made.graph.one(op, x, packed, added)
      let z =
        convolution.makesPlain
        ? inside : try made.graph.one(FromBlocked(lanes: convolution.outputLanes), inside)
      let reference = try made.exact(z)
      expectClose(
        reference, expected, rtol: 0, atol: (way.isRounded ? 1e-2 : 1e-12) * scale, "reference, \(way)")
      // Rounded operands are rounded in the reference too.
      if way.isRounded { #expect(reference != expected) }
      let wanted = way.isRounded ? reference : expected
      let goals = Goals(outputs: [("z", z)])
      let found = try [1, 2].map {
        try BlockedGraph.run(made.graph, goals, made.given, threads: $0).numbers
      }
      #expect(found[0].map(\.bitPattern) == found[1].map(\.bitPattern), "1 and 2 threads differ, \(way)")
      expectClose(
        found[0].map(Double.init), wanted, rtol: 0, atol: (way.isWinograd ? 2e-5 : 2e-6) * scale, "\(way)")
    }
    #expect(count > 0)
  }

  /// Every way is met by some case.
  @Test func waysAreMet() throws {
    var met = Set<BlockedConvolution.Way>()
    for one in Self.cases {
      let plan = try graph(one).plan
      for way in BlockedConvolution.Way.allCases
      where BlockedConvolution(
        plan, isAdjoint: one.isTransposed, lanes: Lanes(channels: one.channels), way: way) != nil
      {
        met.insert(way)
      }
    }
    #expect(met == Set(BlockedConvolution.Way.allCases))
  }
}
