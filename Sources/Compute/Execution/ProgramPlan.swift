import Tensors

/// Everything about a program that is decided before it has memory: order, places, sizes.
public struct ProgramPlan: Sendable {
  /// Where a value lies during a run.
  public enum Place: Sendable, Hashable {
    /// Bytes from the start of the arena.
    case arena(Int)
    case input(String)
    case parameter(String)
    /// Numbers from the start of the constants.
    case constant(Int)
    /// Bytes from the start of the memory that holds from one run to the next: made by the preparation.
    case kept(Int)
    /// Where the caller wants it: a gradient, for example.
    case external(String)
    /// Not computed.
    case nowhere
  }

  /// Nodes that are run one after another in one arena.
  public struct Phase: Sendable {
    /// Indices of nodes.
    public let order: [Int]
    /// Offset and bytes of each node's workspace in the arena.
    public let workspaces: [(offset: Int, bytes: Int)]
    let arenaBytes: Int
    let unsharedBytes: Int
    let operations: Double
  }

  public let graph: Graph
  /// The values that are asked for, by name.
  public let outputs: [(name: String, value: Value)]
  /// Values that are written to memory of the caller, by name.
  public let external: [(name: String, value: Value)]
  /// Parameters that get a new value after the run.
  public let updates: [(parameter: String, value: Value)]
  /// What follows from parameters alone, when the plan prepares: run once for each version of the parameters.
  public let preparation: Phase
  /// What every run does.
  public let main: Phase
  public let places: [Place]
  public let arenaBytes: Int
  /// Bytes of the values that the preparation makes for the runs.
  public let keptBytes: Int
  public let constants: [Float]

  /// What a program of this plan holds beside parameters and the caller's own.
  public var bytes: Int { arenaBytes + keptBytes + constants.count * MemoryLayout<Float>.stride }
  /// Bytes of the parameters that the preparation alone reads: `Program.prepare` can give them back.
  public var releasableBytes: Int {
    let isRead = readValues()
    var seen: Set<String> = []
    var bytes = 0
    for index in preparation.order {
      for value in graph.nodes[index].call.inputs where !isRead[value.index] {
        if case .parameter(let name) = places[value.index], seen.insert(name).inserted {
          bytes += graph.shape(value).count * MemoryLayout<Float>.stride
        }
      }
    }
    return bytes
  }

  /// The values of the graph that a run reads, makes or returns.
  func readValues() -> [Bool] {
    var isRead = [Bool](repeating: false, count: places.count)
    for index in main.order {
      let call = graph.nodes[index].call
      for value in call.inputs + call.outputs { isRead[value.index] = true }
    }
    for value in (outputs + external).map(\.value) + updates.map(\.value) { isRead[value.index] = true }
    return isRead
  }

  /// Indices of the nodes of every run.
  public var order: [Int] { main.order }
  public var workspaces: [(offset: Int, bytes: Int)] { main.workspaces }
  /// Floating-point operations of one run.
  public var operations: Double { main.operations }
  /// Bytes of all intermediate values if each had memory of its own.
  public var unsharedBytes: Int { preparation.unsharedBytes + main.unsharedBytes }

  /// - Parameters:
  ///   - outputs: they stay readable until the next run.
  ///   - external: values that are written to memory of the caller.
  ///   - prepares: computes what follows from parameters alone once, before the first run, and holds it; then
  ///     `Program.prepare` must be called whenever the parameters have changed. For inference; what is updated by the
  ///     program itself is never prepared.
  public init(
    _ graph: Graph, outputs: [(name: String, value: Value)], external: [(name: String, value: Value)] = [],
    updates: [(parameter: String, value: Value)] = [], prepares: Bool = false, threads: Int
  ) throws(RunError) {
    (self.graph, self.outputs, self.external, self.updates) = (graph, outputs, external, updates)
    let wanted = outputs.map(\.value) + external.map(\.value) + updates.map(\.value)
    let fixed = prepares ? graph.fixedValues(except: Set(updates.map(\.parameter))) : []
    let order = graph.nodes(for: wanted)
    func isPrepared(_ node: Int) -> Bool { graph.nodes[node].call.outputs.contains(where: fixed.contains) }
    let first = order.filter(isPrepared)
    let rest = order.filter { !isPrepared($0) }
    let used = Set(wanted).union(rest.flatMap { graph.nodes[$0].call.inputs })

    var places = [Place](repeating: .nowhere, count: graph.shapes.count)
    var constants: [Float] = []
    let read = used.union(first.flatMap { graph.nodes[$0].call.inputs })
    for value in graph.values {
      switch graph.origin(value) {
      case .input(let name) where read.contains(value): places[value.index] = .input(name)
      case .parameter(let name) where read.contains(value): places[value.index] = .parameter(name)
      case .constant(let numbers) where read.contains(value):
        places[value.index] = .constant(constants.count)
        constants += numbers.map { Float($0) }
        constants += [Float](repeating: 0, count: (16 - constants.count % 16) % 16)
      case .input, .parameter, .constant, .node: break
      }
    }
    var kept = 0
    for value in first.flatMap({ graph.nodes[$0].call.outputs }) where used.contains(value) {
      places[value.index] = .kept(kept)
      kept = min(kept + (graph.shape(value).bytes + 63) / 64 * 64, ArenaPlan.most)
    }
    for (name, value) in external {
      guard case .node = graph.origin(value) else { continue }
      if case .nowhere = places[value.index] { places[value.index] = .external(name) }
    }
    preparation = Self.phase(graph, first, wanted: [], &places, threads)
    main = Self.phase(graph, rest, wanted: wanted, &places, threads)
    for (name, value) in outputs where places[value.index] == .nowhere {
      throw RunError("the output `\(name)` is not computed by the graph")
    }
    (self.places, self.constants, keptBytes) = (places, constants, kept)
    arenaBytes = max(preparation.arenaBytes, main.arenaBytes)
  }

  /// Gives the values that have no place yet one in the arena. They live from their own step to their last use; one
  /// that takes over the storage of another extends that one's life, and one that is made where it will lie inside of
  /// another shares its memory (`Placements`).
  private static func phase(
    _ graph: Graph, _ order: [Int], wanted: [Value], _ places: inout [Place], _ threads: Int
  ) -> Phase {
    let end = order.count
    var last = [Int](repeating: -1, count: graph.shapes.count)
    for (step, index) in order.enumerated() {
      for input in graph.nodes[index].call.inputs { last[input.index] = step }
    }
    for value in wanted { last[value.index] = end }
    let placements = Placements(graph, order) { if case .nowhere = places[$0.index] { true } else { false } }
    var owner = [Int](repeating: -1, count: graph.shapes.count)
    var slots: [(bytes: Int, first: Int, last: Int)] = []
    var unshared = 0
    var workspaceBytes: [Int] = []
    var operations = 0.0
    for (step, index) in order.enumerated() {
      let node = graph.nodes[index]
      let shapes = node.call.inputs.map(graph.shape)
      operations += node.op.cost(shapes, node.call.outputs.map(graph.shape)).operations
      workspaceBytes.append(node.op.workspaceBytes(shapes, threads: threads))
      for (position, output) in node.call.outputs.enumerated() {
        guard case .nowhere = places[output.index] else { continue }
        let bytes = graph.shape(output).bytes
        unshared = min(unshared + bytes, ArenaPlan.most)
        let life = max(step, last[output.index])
        if let home = placements.home(output), owner[home.index] >= 0 {
          // Another part, or the parts of this, have been made already.
          owner[output.index] = owner[home.index]
          slots[owner[output.index]].last = max(slots[owner[output.index]].last, life)
        } else if let home = placements.home(output) {
          owner[output.index] = slots.count
          owner[home.index] = slots.count
          slots.append((graph.shape(home).bytes, step, life))
        } else if position == 0,
          let taken = node.op.overlays.lazy.map({ node.call.inputs[$0] }).first(where: {
            owner[$0.index] >= 0 && last[$0.index] == step && slots[owner[$0.index]].last == step
              && graph.shape($0).bytes == bytes && !placements.isPart($0)
          })
        {
          owner[output.index] = owner[taken.index]
          slots[owner[output.index]].last = life
        } else {
          owner[output.index] = slots.count
          slots.append((bytes, step, life))
        }
      }
    }
    var requests = slots.map { ArenaPlan.Request(bytes: $0.bytes, first: $0.first, last: $0.last) }
    for (step, bytes) in workspaceBytes.enumerated() where bytes > 0 {
      requests.append(.init(bytes: bytes, first: step, last: step))
    }
    let arena = ArenaPlan(requests)
    var workspaces: [(offset: Int, bytes: Int)] = []
    var next = slots.count
    for bytes in workspaceBytes {
      workspaces.append(bytes > 0 ? (arena.offsets[next], bytes) : (0, 0))
      if bytes > 0 { next += 1 }
    }
    for value in graph.values where owner[value.index] >= 0 {
      places[value.index] = .arena(arena.offsets[owner[value.index]] + placements.offset(value))
    }
    return Phase(
      order: order, workspaces: workspaces, arenaBytes: arena.bytes, unsharedBytes: unshared,
      operations: operations)
  }
}
