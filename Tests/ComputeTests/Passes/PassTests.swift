import Tensors
import Testing

@testable import Compute

@Suite struct PassTests {
  static let seeds = 0..<12

  static func names(_ graph: Graph, _ goals: Goals) -> [String] {
    graph.nodes(for: goals.values).map { type(of: graph.nodes[$0].op).name }
  }

  /// All passes on random graphs: the same outputs, gradients and updates, and no more nodes.
  @Test(arguments: seeds, [false, true]) func optimisedIsTheSame(_ seed: Int, _ training: Bool) throws {
    let random = try RandomGraph(seed: UInt64(seed), nodes: 16, training: training)
    let step = StepContext(seed: 4, step: 9)
    let (graph, goals) = try optimised(random.graph, random.goals)
    #expect(graph.nodes(for: goals.values).count == graph.nodes.count, "dead nodes are left")
    #expect(graph.nodes.count <= random.graph.nodes(for: random.goals.values).count)
    #expect(graph.parameters.map(\.name) == random.graph.parameters.map(\.name))
    let before = try random.run(try ProgramPlan(random.graph, random.goals, threads: 1), step)
    let plan = try ProgramPlan(graph, goals, prepares: !training, threads: 2)
    ProgramPlanTests.check(plan, plan.main, wanted: goals.values)
    let after = try random.run(plan, step, threads: 2)
    #expect(Set(after.keys) == Set(before.keys))
    // Folding changes rounding; nothing else does.
    let folds = Self.names(graph, goals).contains("FoldedWeights")
    expectSame(after, before, tolerance: folds ? 1e-4 : 0, "optimised")
    // The reference of the new graph, fused operators included.
    let exact = try Interpreter<Double>(graph).run(goals.values, random.given, step)
    let old = try Interpreter<Double>(random.graph).run(random.goals.values, random.given, step)
    for (a, b) in zip(exact, old) {
      expectClose(a, b, rtol: 1e-9, atol: 1e-9 * (b.map(abs).max() ?? 0) + 1e-15, "reference")
    }
  }

  /// Random graphs take part in every pass.
  @Test func randomGraphsMeetAllPasses() throws {
    var (merged, folded, fused) = (0, 0, 0)
    for seed in Self.seeds {
      for training in [false, true] {
        let random = try RandomGraph(seed: UInt64(seed), nodes: 16, training: training)
        let a = try MergeEqualNodes.run(random.graph, random.goals)
        let b = try FoldBatchNormalization.run(a.graph, a.goals)
        let c = try FuseActivation.run(b.graph, b.goals)
        merged += a.graph.nodes.count < random.graph.nodes(for: random.goals.values).count ? 1 : 0
        folded += Self.names(b.graph, b.goals).contains("FoldedWeights") ? 1 : 0
        fused += c.graph.nodes.count < b.graph.nodes.count ? 1 : 0
      }
    }
    #expect(merged > 0 && folded > 0 && fused > 0)
  }

  @Test func equalNodesAreMerged() throws {
    var graph = Graph()
    let x = try graph.input("x", Shape([4]))
    func part() throws -> Value {
      try graph.one(Mul(), try graph.one(Relu(), x), try graph.constant([2], []))
    }
    let y = try graph.one(Add(), try part(), try part())
    _ = try graph.one(Sigmoid(), x)
    let z = try graph.one(LeakyRelu(slope: 0.1), x)
    let w = try graph.one(LeakyRelu(slope: 0.2), x)
    let result = try MergeEqualNodes.run(graph, Goals(outputs: [("y", y), ("z", z), ("w", w)]))
    #expect(Self.names(result.graph, result.goals) == ["Relu", "Mul", "Add", "LeakyRelu", "LeakyRelu"])
    #expect(result.graph.values.count == 7)
  }

  @Test func deadNodesAndInputsGo() throws {
    var graph = Graph()
    let x = try graph.input("x", Shape([4]))
    let target = try graph.input("target", Shape([4]))
    let p = try graph.parameter("p", Shape([4]))
    let y = try graph.one(Relu(), x)
    _ = try graph.one(Mul(), try graph.one(Add(), y, target), p)
    let result = try RemoveDeadNodes.run(graph, Goals(outputs: [("y", y)]))
    #expect(result.graph.nodes.count == 1)
    #expect(!result.graph.origins.contains(.input("target")))
    #expect(result.graph.parameters.map(\.name) == ["p"])
  }

  /// What else reads the result, or wants it, keeps an activation where it is.
  @Test func activationsAreFusedOnlyWhenAlone() throws {
    func graph(_ finish: (inout Graph, Value, Value) throws -> Goals) throws -> [String] {
      var graph = Graph()
      let x = try graph.input("x", Shape([1, 2, 4, 4]))
      let w = try graph.parameter("w", Shape([2, 2, 1, 1]))
      let conv = try graph.one(Conv(), x, w)
      let relu = try graph.one(Relu(), conv)
      let goals = try finish(&graph, conv, relu)
      let result = try FuseActivation.run(graph, goals)
      return Self.names(result.graph, result.goals)
    }
    #expect(try graph { _, _, relu in Goals(outputs: [("y", relu)]) } == ["Conv"])
    #expect(
      try graph { _, conv, relu in Goals(outputs: [("y", relu), ("z", conv)]) } == ["Conv", "Relu"])
    #expect(
      try graph { graph, conv, relu in
        Goals(outputs: [("y", try graph.one(Add(), conv, relu))])
      } == ["Conv", "Relu", "Add"])
  }

  /// Conv, ConvTranspose (groups) and Gemm, with and without bias.
  @Test(arguments: [false, true]) func normalisationIsFolded(_ bias: Bool) throws {
    var graph = Graph()
    let x = try graph.input("x", Shape([2, 4, 6, 5]))
    var given = ["x": Pattern.numbers(240, seed: 1)]
    func parameter(_ extents: [Int], _ low: Double = -1, _ high: Double = 1) throws -> Value {
      let name = "p\(given.count)"
      let shape = try Shape(extents)
      given[name] = Pattern.numbers(shape.count, seed: given.count + 5).map {
        low + ($0 + 1) / 2 * (high - low)
      }
      return try graph.parameter(name, shape)
    }
    func layer(_ op: any Operator, _ x: Value, _ w: [Int], _ channels: Int) throws -> Value {
      let weights = [try parameter(w)] + (bias ? [try parameter([channels])] : [])
      let y = try graph.apply(op, [x] + weights)[0]
      return try graph.one(
        BatchNormalization(), y, try parameter([channels], 0.5, 2), try parameter([channels]),
        try parameter([channels]), try parameter([channels], 0.5, 2))
    }
    let a = try layer(Conv(groups: 2), x, [6, 2, 3, 3], 6)
    let b = try layer(ConvTranspose(strides: [2, 2], groups: 2), try graph.one(Relu(), a), [6, 4, 2, 2], 8)
    let flat = try graph.one(Flatten(), try graph.one(GlobalAveragePool(), b))
    let c = try layer(Gemm(transposeB: true), flat, [5, 8], 5)
    let d = try layer(Gemm(), c, [5, 3], 3)
    let goals = Goals(outputs: [("d", d)])
    let result = try optimised(graph, goals)
    let names = Self.names(result.graph, result.goals)
    #expect(!names.contains("BatchNormalization") && !names.contains("Relu"))
    #expect(names.count { $0 == "FoldedWeights" } == 4)
    let before = try Interpreter<Double>(graph).run([d], given)
    let after = try Interpreter<Double>(result.graph).run(result.goals.values, given)
    expectClose(after[0], before[0], rtol: 1e-10, atol: 1e-12, "folded")
    let plan = try ProgramPlan(result.graph, result.goals, prepares: true, threads: 1)
    #expect(plan.order.count == names.count - 4, "the folded weights are prepared")
  }
}
