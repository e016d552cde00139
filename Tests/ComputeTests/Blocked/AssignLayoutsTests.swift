import Tensors
import Testing

@testable import Compute

@Suite struct AssignLayoutsTests {
  @Test func chainIsConvertedAtItsEndsOnly() throws {
    var made = try BlockedGraph([2, 5, 11, 14])
    var x = made.input
    for width in [32, 24] {
      x = try made.graph.one(Relu(), try made.batchNorm(try made.conv(x, width, bias: false)))
    }
    x = try made.graph.one(MaxPool(.init(kernel: [2, 2])), x)
    x = try made.graph.one(Tanh(), try made.conv(x, 32, kernel: [1, 1]))
    let names = try made.check(x)
    #expect(
      names.filter { $0 != "FoldedWeights" && $0 != "PackedWeights" } == [
        "BlockedConv", "BlockedConv", "BlockedPool", "BlockedConv", "FromBlocked",
      ])
  }

  /// Few channels and filters stay plain, in vectors of pixels, and the maxima of 2 x 2 are taken at once.
  @Test(arguments: [(1, false), (8, false), (8, true)]) func fewChannelsStayPlain(
    _ channels: Int, _ roundsUp: Bool
  ) throws {
    var made = try BlockedGraph([3, channels, 31, 40])
    var x = try made.graph.one(
      LeakyRelu(), try made.conv(made.input, 6, kernel: [5, 5], pads: [0, 0, 0, 0]))
    x = try made.graph.one(MaxPool(.init(kernel: [2, 2], ceilMode: roundsUp)), x)
    let names = try made.check(x)
    #expect(names.contains("BlockedConv") && !names.contains("ToBlocked") && !names.contains("FromBlocked"))
    #expect(names.contains("MaxPool") == roundsUp)
    // Wanted itself: not to be swallowed.
    let inner = try made.graph.one(Relu(), try made.conv(made.input, 4))
    let pooled = try made.graph.one(MaxPool(.init(kernel: [2, 2])), inner)
    let mean = try made.graph.one(AveragePool(.init(kernel: [2, 2])), inner)
    let both = try made.graph.one(Concat(axis: 1), pooled, mean)
    try made.check(both)
  }

  /// Fewer transformed weights where tiles are few, fewer products where they are many, and no transforms of few
  /// channels.
  @Test(
    arguments: [
      ([1, 1024, 16, 16], 1024, "Winograd F(2x2)"), ([8, 512, 7, 7], 512, "Winograd F(2x2)"),
      ([1, 512, 32, 32], 512, "Winograd F(4x4)"), ([1, 64, 256, 256], 64, "Winograd F(4x4)"),
      ([1, 32, 8, 8], 32, "Winograd F(4x4)"), ([256, 8, 32, 32], 8, "direct, plain"),
    ]) func waysFollowFromCosts(_ extents: [Int], _ filters: Int, _ way: String) throws
  {
    var graph = Graph()
    let x = try graph.input("x", Shape(extents))
    let w = try graph.parameter("w", Shape([filters, extents[1], 3, 3]))
    let y = try graph.one(Conv(pads: [1, 1, 1, 1]), x, w)
    let made = try optimised(graph, Goals(outputs: [("y", y)]), layouts: LayoutOptions())
    let found = made.graph.nodes(for: made.goals.values).compactMap {
      (made.graph.nodes[$0].op as? BlockedConv)?.convolution.way.description
    }
    #expect(found == [way])
  }

  /// Channels that are no multiple of 16 begin with a block of their own behind a concatenation.
  @Test(arguments: [[32, 16], [24, 20], [40, 3, 32]]) func concatenation(_ widths: [Int]) throws {
    var made = try BlockedGraph([1, 16, 6, 7])
    let first = try made.conv(made.input, 32)
    let parts = try widths.map { try made.graph.one(Relu(), try made.conv(first, $0)) }
    let both = try made.graph.apply(Concat(axis: 1), parts)[0]
    let y = try made.conv(try made.graph.one(Sigmoid(), both), 32)
    let names = try made.check(y)
    #expect(widths.contains(3) || names.count { $0 == "FromBlocked" } == 1)
    let direct = try made.graph.apply(Concat(axis: 1), [both, first])[0]
    try made.check(direct, "wanted itself")
  }

  @Test func residualsArePartOfTheConvolution() throws {
    var made = try BlockedGraph([1, 16, 7, 6])
    var x = try made.graph.one(Relu(), try made.conv(made.input, 40))
    for _ in 0..<1 {
      let inner = try made.conv(try made.graph.one(Relu(), try made.conv(x, 40)), 40)
      x = try made.graph.one(Relu(), try made.graph.one(Add(), inner, x))
    }
    // A shortcut with a convolution of its own, and a smooth activation.
    let inner = try made.conv(try made.graph.one(Relu(), try made.conv(x, 48, strides: [2, 2])), 48)
    let shortcut = try made.conv(x, 48, kernel: [1, 1], strides: [2, 2])
    x = try made.graph.one(Swish(), try made.graph.one(Add(), inner, shortcut))
    let names = try made.check(x)
    #expect(!names.contains("Add") && !names.contains("Relu") && !names.contains("Swish"))
    #expect(names.count { $0 == "FromBlocked" } == 1 && names.count { $0 == "ToBlocked" } <= 1)
  }

  /// What has no blocked form stays plain, with conversions around it; what is wanted is plain.
  @Test func othersStayPlain() throws {
    var made = try BlockedGraph([1, 32, 6, 6])
    let a = try made.graph.one(Relu(), try made.conv(made.input, 32))
    let b = try made.graph.one(Softmax(axis: 1), a)
    let c = try made.graph.one(Log(), try made.graph.one(Sigmoid(), try made.conv(b, 24)))
    let d = try made.conv(c, 32)
    let names = try made.check(d)
    #expect(names.count { $0 == "FromBlocked" } == 3 && names.contains("Softmax") && names.contains("Log"))
    let flat = try made.graph.one(Flatten(), try made.graph.one(GlobalAveragePool(), d))
    let y = try made.graph.one(Gemm(transposeB: true), flat, try made.parameter([7, 32]))
    try made.check(y)
  }

  /// Operators between convolutions, on rows and columns.
  @Test func followers() throws {
    let ops: [any Operator] = [
      MaxPool(.init(kernel: [3, 3], stride: [2, 2], padsBefore: [1, 1])),
      AveragePool(.init(kernel: [2, 3], stride: [2, 1])),
      AveragePool(.init(kernel: [3, 3], stride: [1, 1], padsBefore: [1, 1]), countIncludesPadding: false),
      Pad([.none, .none, .init(2, 2, .replicate), .init(3, 3, .periodic)]),
      Pad([.none, .none, .init(1, 1), .init(2, 2, .reflect)]),
      Pad([.none, .none, .init(1, 2, .replicate), .init(2, 1, .periodic)]),
      Pad([.none, .none, .init(1, 1, .reflect), .init(0, 3)], value: 2),
      Resize(.scales([1, 1, 2, 2]), mode: .linear),
      Resize(.sizes([15, 5]), axes: [2, 3], mode: .nearest, coordinates: .asymmetric, rounding: .floor),
      Resize(.scales([2, 1.5]), axes: [-2, -1], mode: .cubic, coordinates: .alignCorners),
      LeakyRelu(slope: 0.2), Gelu(), Identity(), LRN(size: 5, alpha: 0.5),
      MaxPool(.init(kernel: [2, 2], ceilMode: true)),
      AveragePool(.init(kernel: [2, 2], stride: [2, 2], padsBefore: [1, 1], ceilMode: true)),
    ]
    for op in ops {
      var made = try BlockedGraph([2, 16, 6, 7])
      let a = try made.conv(made.input, 24, kernel: [1, 1])
      // Not fused: something else reads it.
      let b = try made.graph.one(op, a)
      let y = try made.conv(try made.graph.one(Mul(), b, b), 16, kernel: [1, 1])
      let names = try made.check(y, "\(op)")
      #expect(names.count { $0 == "FromBlocked" } == 1, "\(op)")
    }
  }

  /// Two levels: pooled, raised again, joined by place, and fused.
  @Test func smallUNet() throws {
    var made = try BlockedGraph([1, 3, 8, 12])
    func double(_ x: Value, _ width: Int, _ made: inout BlockedGraph) throws -> Value {
      var x = x
      for _ in 0..<2 {
        x = try made.graph.one(Relu(), try made.batchNorm(try made.conv(x, width, bias: false)))
      }
      return x
    }
    let skip = try double(made.input, 16, &made)
    let bottom = try double(try made.graph.one(MaxPool(.init(kernel: [2, 2])), skip), 32, &made)
    let raised = try made.transposed(bottom, 16)
    let both = try made.graph.apply(Concat(axis: 1), [skip, raised])[0]
    let y = try made.conv(try double(both, 16, &made), 1, kernel: [1, 1])
    let names = try made.check(y)
    #expect(
      !names.contains("FromBlocked") && !names.contains("ToBlocked") && !names.contains("ConvTranspose"))
    let pass = try optimised(made.graph, Goals(outputs: [("y", y)]), layouts: .init())
    let plan = try ProgramPlan(pass.graph, pass.goals, prepares: true, threads: 1)
    let concat = try #require(plan.order.first { pass.graph.nodes[$0].op is Concat })
    let call = pass.graph.nodes[concat].call
    guard case .arena(let whole) = plan.places[call.outputs[0].index] else { return }
    var offset = whole
    for input in call.inputs {
      #expect(plan.places[input.index] == .arena(offset))
      offset += pass.graph.shape(input).bytes
    }
  }

  @Test func scalesOfChannelsAndNumbers() throws {
    var made = try BlockedGraph([2, 16, 7, 8])
    let a = try made.conv(made.input, 32)
    let pooled = try made.graph.one(GlobalAveragePool(), a)
    let scale = try made.graph.one(Sigmoid(), try made.conv(pooled, 32, kernel: [1, 1]))
    let scaled = try made.graph.one(Mul(), a, scale)
    let half = try made.graph.one(Mul(), made.graph.constant(0.5), scaled)
    let y = try made.conv(half, 16)
    let names = try made.check(y)
    #expect(names.count { $0 == "FromBlocked" } <= 2)
  }

  /// From a plain value with one channel to a plain value with one: nothing is converted.
  @Test func fewChannelsStayPlain() throws {
    var made = try BlockedGraph([1, 1, 12, 13])
    let a = try made.graph.one(Relu(), try made.conv(made.input, 64, kernel: [9, 9]))
    let b = try made.graph.one(Relu(), try made.conv(a, 32, kernel: [1, 1]))
    let y = try made.graph.one(Tanh(), try made.graph.one(Identity(), try made.conv(b, 1, kernel: [5, 5])))
    let names = try made.check(y)
    #expect(
      names == [
        "PackedWeights", "BlockedConv", "PackedWeights", "BlockedConv", "PackedWeights", "BlockedConv",
        "Identity", "Tanh",
      ])
  }

  /// Random graphs, training too: only what may be rewritten is.
  @Test(arguments: PassTests.seeds, [false, true]) func randomGraphs(_ seed: Int, _ training: Bool) throws {
    let random = try RandomGraph(seed: UInt64(seed), nodes: 16, training: training)
    let step = StepContext(seed: 4, step: 9)
    let (graph, goals) = try optimised(random.graph, random.goals, layouts: .init(precision: .exact))
    let exact = try Interpreter<Double>(graph).run(goals.values, random.given, step)
    let old = try Interpreter<Double>(random.graph).run(random.goals.values, random.given, step)
    for (a, b) in zip(exact, old) {
      expectClose(a, b, rtol: 1e-9, atol: 1e-9 * (b.map(abs).max() ?? 0) + 1e-15, "reference")
    }
    let found = try random.run(try ProgramPlan(graph, goals, threads: 2), step, threads: 2)
    expectSame(found, try random.exact(step), tolerance: 2e-4, floor: 2e-5, "program")
  }
}
