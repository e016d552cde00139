import Tensors
import Testing

@testable import Compute

@Suite struct ProgramPlanTests {
  static let seeds = 0..<12

  /// What is still to be read never lies where a node writes: outputs, workspaces and overlays, by the order of the
  /// nodes and the places alone.
  static func check(_ plan: ProgramPlan, _ phase: ProgramPlan.Phase, wanted: [Value]) {
    func range(_ value: Value) -> Range<Int>? {
      guard case .arena(let offset) = plan.places[value.index] else { return nil }
      return offset..<offset + plan.graph.shape(value).bytes
    }
    var lastRead: [Value: Int] = [:]
    for (step, index) in phase.order.enumerated() {
      for input in plan.graph.nodes[index].call.inputs { lastRead[input] = step }
    }
    for value in wanted { lastRead[value] = phase.order.count }
    var alive = Set<Value>()
    for (step, index) in phase.order.enumerated() {
      let node = plan.graph.nodes[index]
      let workspace = phase.workspaces[step]
      let taken = workspace.offset..<workspace.offset + workspace.bytes
      for value in alive.union(node.call.outputs) {
        guard let place = range(value) else { continue }
        #expect(place.upperBound <= plan.arenaBytes)
        #expect(!taken.overlaps(place), "the workspace of node \(index) lies on a value")
      }
      #expect(taken.upperBound <= plan.arenaBytes)
      for (position, output) in node.call.outputs.enumerated() {
        guard let place = range(output) else { continue }
        for other in alive {
          guard let held = range(other), held.overlaps(place) else { continue }
          let isOverlay =
            position == 0 && held == place && lastRead[other] == step
            && node.op.overlays.contains { node.call.inputs[$0] == other }
          let isPlaced =
            position == 0
            && node.call.inputs.indices.contains {
              // Or inside of what is placed.
              guard let part = range(node.call.inputs[$0]), part.contains(held),
                let offset = node.op.placement(of: $0, node.call.inputs.map(plan.graph.shape))
              else { return false }
              return place.lowerBound + 4 * offset == part.lowerBound
            }
          #expect(
            isOverlay || isPlaced, "node \(index) \(type(of: node.op).name) writes on a value that is needed")
        }
        for (other, value) in node.call.outputs.enumerated() where other != position {
          if let held = range(value) { #expect(!held.overlaps(place), "two outputs of node \(index)") }
        }
      }
      alive.formUnion(node.call.outputs.filter { (lastRead[$0] ?? -1) > step })
      alive.subtract(node.call.inputs.filter { lastRead[$0] == step })
    }
  }

  @Test(arguments: seeds, [false, true]) func valuesKeepTheirMemory(_ seed: Int, _ training: Bool) throws {
    let random = try RandomGraph(seed: UInt64(seed), nodes: 14, training: training)
    for prepares in [false, true] {
      for threads in [1, 2] {
        let plan = try ProgramPlan(random.graph, random.goals, prepares: prepares, threads: threads)
        Self.check(plan, plan.main, wanted: random.goals.values)
        Self.check(plan, plan.preparation, wanted: [])
        let workspaces = (plan.main.workspaces + plan.preparation.workspaces).map(\.bytes).max() ?? 0
        let slack = 64 * (plan.order.count + plan.preparation.order.count) * 5
        #expect(plan.arenaBytes <= plan.unsharedBytes + workspaces + slack)
      }
    }
  }

  @Test(arguments: seeds, [false, true]) func programEqualsInterpreter(_ seed: Int, _ training: Bool) throws {
    let random = try RandomGraph(seed: UInt64(seed), nodes: 14, training: training)
    let step = StepContext(seed: 4, step: 9)
    let plan = try ProgramPlan(random.graph, random.goals, threads: 2)
    let found = try random.run(plan, step, threads: 2)
    expectSame(found, try random.exact(step), tolerance: 2e-4, floor: 2e-5, "program")
    let prepared = try ProgramPlan(random.graph, random.goals, prepares: true, threads: 1)
    #expect(try random.run(prepared, step) == found, "prepared, one thread")
  }

  /// What is concatenated is made in its place, unless it lies elsewhere already or is wanted twice.
  @Test func concatenationsAreNotCopied() throws {
    var graph = Graph()
    let x = try graph.input("x", Shape([1, 4, 8]))
    let p = try graph.parameter("p", Shape([1, 2, 8]))
    func part(_ factor: Double) throws -> Value { try graph.multiply(x, factor) }
    let (a, b) = (try part(2), try part(3))
    // Not in place: the storage of `a` is that of the concatenation, which is needed later.
    let c = try graph.one(Relu(), a)
    let inner = try graph.apply(Concat(axis: 1), [a, b, a, p])[0]
    let d = try graph.one(Relu(), b)
    let outer = try graph.apply(Concat(axis: 1), [d, inner, try graph.one(Relu(), inner)])[0]
    let across = try graph.apply(Concat(axis: 2), [c, try graph.one(Relu(), c)])[0]
    let goals = Goals(outputs: [("outer", outer), ("across", across), ("b", b)])
    let given = ["x": Pattern.numbers(32, seed: 1), "p": Pattern.numbers(16, seed: 2)]
    let plan = try ProgramPlan(graph, goals, threads: 1)
    Self.check(plan, plan.main, wanted: goals.values)
    func start(_ value: Value) -> Int? {
      if case .arena(let offset) = plan.places[value.index] { offset } else { nil }
    }
    let base = try #require(start(outer))
    #expect(start(d) == base && start(inner) == base + 128)
    #expect(start(a) == base + 128 && start(b) == base + 256)
    let (results, _) = try BlockedGraph.run(graph, goals, given, threads: 1)
    let exact = try Interpreter<Double>(graph).run(goals.values, given).flatMap(\.self)
    expectClose(results.map(Double.init), exact, rtol: 1e-6, atol: 0, "placed")
  }

  /// How much sharing saves for a training step.
  @Test func saving() throws {
    let random = try RandomGraph(seed: 3, nodes: 40, training: true)
    let plan = try ProgramPlan(random.graph, random.goals, threads: 1)
    print("arena \(plan.arenaBytes) bytes instead of \(plan.unsharedBytes): \(plan.order.count) nodes")
    #expect(plan.arenaBytes < plan.unsharedBytes)
  }

  /// One gradient under two names, and one that is a constant, are both written.
  @Test func externalValuesUnderTwoNames() throws {
    var graph = Graph()
    let a = try graph.parameter("a", Shape([3]))
    let b = try graph.parameter("b", Shape([3]))
    let c = try graph.parameter("c", Shape([3]))
    let loss = try graph.one(SumTo(.scalar), try graph.one(Relu(), try graph.one(Add(), a, b)))
    let gradients = try differentiate(loss, by: [a, b, c], in: &graph)
    let layout = try ParameterLayout(graph.parameters.map { ($0.name, $0.shape) })
    let (parameters, results) = (try Parameters(layout), try Parameters(layout))
    for name in ["a", "b", "c"] {
      parameters[name]?.fill(1)
      results[name]?.fill(-7)
    }
    let plan = try ProgramPlan(
      graph, outputs: [], external: zip(["a", "b", "c"], gradients).map { (name: $0, value: $1) }, threads: 1)
    var external: [String: Operand<Float>] = [:]
    for entry in layout.entries { external[entry.name] = results[entry] }
    try Program(plan, team: ThreadTeam(threads: 1)).run([:], external: external, parameters: parameters) {
      _ in
    }
    #expect(["a", "b", "c"].map { results[$0]?[0] } == [1, 1, 0])
  }

  /// Prepared values follow the parameters when told, and when other parameters are given.
  @Test func preparationFollowsParameters() throws {
    var graph = Graph()
    let x = try graph.constant([3], [1])
    let p = try graph.parameter("p", Shape([1]))
    let fixed = try graph.one(Sqrt(), try graph.one(Mul(), p, p))
    let input = try graph.input("x", Shape([1]))
    let y = try graph.one(Mul(), try graph.one(Add(), fixed, x), input)
    let plan = try ProgramPlan(graph, outputs: [("y", y), ("fixed", fixed)], prepares: true, threads: 1)
    #expect(plan.preparation.order.count == 3 && plan.order.count == 1 && plan.keptBytes == 128)
    let program = try Program(plan, team: ThreadTeam(threads: 1))
    #expect(program.bytes == plan.arenaBytes + 128 + 64)
    let layout = try ParameterLayout([("p", Shape([1]))])
    let (first, second) = (try Parameters(layout), try Parameters(layout))
    first["p"]?[0] = 1
    second["p"]?[0] = 2
    let storage = try Tensor(repeating: 10, Shape([1]))
    let given = ["x": Operand<Float>(storage.shape, storage.storage)]
    func run(_ parameters: Parameters) throws -> [Float?] {
      try program.run(given, parameters: parameters) { [$0["y"]?[0], $0["fixed"]?[0]] }
    }
    #expect(try run(first) == [40, 1])
    #expect(try run(second) == [50, 2])
    second["p"]?[0] = 5
    #expect(try run(second) == [50, 2])
    try program.prepare(second)
    #expect(try run(second) == [80, 5])
    #expect(try run(first) == [40, 1])
  }
}
