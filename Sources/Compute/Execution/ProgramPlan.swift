import Tensors

/// Everything about a program that is decided before it has memory: order, places in the arena, sizes.
public struct ProgramPlan: Sendable {
  /// Where a value lies during a run.
  public enum Place: Sendable, Hashable {
    /// Bytes from the start of the arena.
    case arena(Int)
    case input(String)
    case parameter(String)
    /// Numbers from the start of the constants.
    case constant(Int)
    /// Where the caller wants it: a gradient, for example.
    case external(String)
    /// Not computed.
    case nowhere
  }

  public let graph: Graph
  /// The values that are asked for, by name.
  public let outputs: [(name: String, value: Value)]
  /// Parameters that get a new value after the run.
  public let updates: [(parameter: String, value: Value)]
  /// Indices of nodes.
  public let order: [Int]
  public let places: [Place]
  /// Offset and bytes of each node's workspace in the arena, in the order of `order`.
  public let workspaces: [(offset: Int, bytes: Int)]
  public let arenaBytes: Int
  public let constants: [Float]
  /// Floating-point operations of one run.
  public let operations: Double
  /// Bytes of all intermediate values if each had memory of its own.
  public let unsharedBytes: Int

  /// - Parameters:
  ///   - outputs: they stay readable until the next run.
  ///   - external: values that are written to memory of the caller.
  public init(
    _ graph: Graph, outputs: [(name: String, value: Value)], external: [(name: String, value: Value)] = [],
    updates: [(parameter: String, value: Value)] = [], threads: Int
  ) throws(RunError) {
    (self.graph, self.outputs, self.updates) = (graph, outputs, updates)
    let wanted = outputs.map(\.value) + external.map(\.value) + updates.map(\.value)
    order = graph.nodes(for: wanted)
    let end = order.count
    var last = [Int](repeating: -1, count: graph.shapes.count)
    for (step, index) in order.enumerated() {
      for input in graph.nodes[index].call.inputs { last[input.index] = step }
    }
    for value in wanted { last[value.index] = end }
    var places = [Place](repeating: .nowhere, count: graph.shapes.count)
    var constants: [Float] = []
    for value in graph.values {
      switch graph.origin(value) {
      case .input(let name): places[value.index] = .input(name)
      case .parameter(let name): places[value.index] = .parameter(name)
      case .constant(let numbers) where last[value.index] >= 0:
        places[value.index] = .constant(constants.count)
        constants += numbers.map { Float($0) }
        constants += [Float](repeating: 0, count: (16 - constants.count % 16) % 16)
      case .constant, .node: break
      }
    }
    for (name, value) in external {
      guard case .node = graph.origin(value) else { continue }
      if case .nowhere = places[value.index] { places[value.index] = .external(name) }
    }
    // Values of nodes live from their own step to their last use; one that takes over the storage of another
    // extends that one's life.
    var owner = [Int](repeating: -1, count: graph.shapes.count)
    var requests: [ArenaPlan.Request] = []
    var firsts: [Int] = []
    var ends: [Int] = []
    var sizes: [Int] = []
    var unshared = 0
    var workspaceRequests: [(step: Int, bytes: Int)] = []
    var operations = 0.0
    for (step, index) in order.enumerated() {
      let node = graph.nodes[index]
      let shapes = node.call.inputs.map(graph.shape)
      operations += node.op.cost(shapes, node.call.outputs.map(graph.shape)).operations
      workspaceRequests.append((step, node.op.workspaceBytes(shapes, threads: threads)))
      for (position, output) in node.call.outputs.enumerated() {
        guard case .nowhere = places[output.index] else { continue }
        let bytes = graph.shape(output).bytes
        unshared += bytes
        let life = max(step, last[output.index])
        if position == 0,
          let taken = node.op.overlays.lazy.map({ node.call.inputs[$0] }).first(where: {
            owner[$0.index] >= 0 && last[$0.index] == step && ends[owner[$0.index]] == step
              && graph.shape($0).bytes == bytes
          })
        {
          owner[output.index] = owner[taken.index]
          ends[owner[output.index]] = life
        } else {
          owner[output.index] = sizes.count
          firsts.append(step)
          ends.append(life)
          sizes.append(bytes)
        }
      }
    }
    for slot in sizes.indices {
      requests.append(.init(bytes: sizes[slot], first: firsts[slot], last: ends[slot]))
    }
    let slots = requests.count
    for (step, bytes) in workspaceRequests where bytes > 0 {
      requests.append(.init(bytes: bytes, first: step, last: step))
    }
    let arena = ArenaPlan(requests)
    var workspaces: [(offset: Int, bytes: Int)] = []
    var next = slots
    for (_, bytes) in workspaceRequests {
      workspaces.append(bytes > 0 ? (arena.offsets[next], bytes) : (0, 0))
      if bytes > 0 { next += 1 }
    }
    for value in graph.values where owner[value.index] >= 0 {
      places[value.index] = .arena(arena.offsets[owner[value.index]])
    }
    for (name, value) in outputs where places[value.index] == .nowhere {
      throw RunError("the output `\(name)` is not computed by the graph")
    }
    (self.places, self.workspaces, self.constants) = (places, workspaces, constants)
    (arenaBytes, unsharedBytes, self.operations) = (arena.bytes, unshared, operations)
  }
}
