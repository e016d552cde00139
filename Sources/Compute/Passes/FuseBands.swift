import Tensors

/// Puts operators on large blocked images that follow each other into chains which are computed band by band
/// (`BlockedBands`), where what would be written to memory and read again is more than what the weights need.
///
/// A chain begins with any operator that can be computed by rows. An operator joins when it reads what a member makes and
/// nothing else that is not there before the chain; it ends where something that is no member reads a member. A chain
/// is made when at least one of its values is read by members alone.
enum FuseBands {
  /// Values below this many bytes stay in the caches anyway, the third level's at least.
  static let leastBytes = 12 << 20
  /// Packed weights above this many bytes are read again for each band.
  static let mostWeightBytes = 5 << 18

  /// Of the rows of a band of the largest value. Smaller ones would fit into the second-level caches, but the weights are
  /// read again for each band, and threads wait for one another after each step of it.
  static let bandBytes = 4 << 20

  static func run(
    _ graph: Graph, _ goals: Goals, leastBytes: Int = leastBytes, bandBytes: Int = bandBytes
  ) throws(GraphError) -> (graph: Graph, goals: Goals) {
    var rewrite = try Rewrite(graph, goals)
    var chain: [Int] = []
    var made: Set<Value> = []
    func flush() throws(GraphError) {
      defer {
        chain = []
        made = []
      }
      if try emit(chain, bandBytes, graph, &rewrite) { return }
      for index in chain { try rewrite.copy(index) }
    }
    for index in rewrite.order {
      let call = graph.nodes[index].call
      let joins = call.inputs.contains(where: made.contains)
      if isMember(index, graph, leastBytes) {
        // Weights and the like are never made by the chain.
        let others = graph.nodes[index].op is Concat ? [] : call.inputs.dropFirst()
        if !joins || others.contains(where: made.contains) { try flush() }
        chain.append(index)
        made.formUnion(call.outputs)
        continue
      }
      if joins { try flush() }
      try rewrite.copy(index)
    }
    try flush()
    return try rewrite.finish()
  }

  private static func isMember(_ index: Int, _ graph: Graph, _ leastBytes: Int) -> Bool {
    let node = graph.nodes[index]
    let shapes = node.call.inputs.map(graph.shape)
    guard node.call.outputs.count == 1, let input = shapes.first, input.rank >= 4 else { return false }
    let output = graph.shape(node.call.outputs[0])
    // What it makes is large or, at the end, what it reads.
    guard output.rank >= 4,
      output.bytes >= leastBytes || (input.bytes >= leastBytes && output[2] >= input[2] / 2)
    else { return false }
    switch node.op {
    case let conv as BlockedConv: return conv.isByRows && shapes[1].bytes <= mostWeightBytes
    case let pool as BlockedPool: return pool.isByRows
    case let concat as Concat: return concat.axis == 0 && output.rank == 5
    default: return false
    }
  }

  /// - Returns: false when no chain is worth it.
  private static func emit(
    _ chain: [Int], _ bandBytes: Int, _ graph: Graph, _ rewrite: inout Rewrite
  ) throws(GraphError) -> Bool {
    let members = Set(chain)
    func isWanted(_ value: Value) -> Bool {
      rewrite.wanted.contains(value) || !rewrite.readers[value.index].allSatisfy(members.contains)
    }
    let values = chain.map { graph.nodes[$0].call.outputs[0] }
    guard chain.count > 1, values.contains(where: { !isWanted($0) }) else { return false }
    var outer: [Value] = []
    var steps: [(op: any Operator, sources: [BlockedBands.Source])] = []
    for index in chain {
      let node = graph.nodes[index]
      let sources = node.call.inputs.map { value -> BlockedBands.Source in
        if let step = values.firstIndex(of: value) { return .inner(step) }
        if let known = outer.firstIndex(of: value) { return .outer(known) }
        outer.append(value)
        return .outer(outer.count - 1)
      }
      steps.append((node.op, sources))
    }
    let wanted = values.indices.filter { isWanted(values[$0]) }
    guard let bands = BlockedBands(outer.map(graph.shape), steps, wanted: wanted, bandBytes: bandBytes)
    else { return false }
    let inputs = try rewrite.values(outer)
    rewrite.new.path = graph.nodes[chain[0]].call.path
    let outputs = try rewrite.new.apply(bands, inputs)
    for (position, step) in wanted.enumerated() { try rewrite.replace(values[step], by: outputs[position]) }
    return true
  }
}
