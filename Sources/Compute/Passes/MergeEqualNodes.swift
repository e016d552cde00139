import Tensors

/// Common subexpressions: equal operators on equal values are computed once, equal constants kept once.
enum MergeEqualNodes {
  private struct Key: Hashable {
    let op: AnyHashable
    let inputs: [Value]
  }
  private struct Constant: Hashable {
    let shape: Shape
    /// Bits, for NaN equals itself here and -0 is not 0.
    let numbers: [UInt64]
  }

  static func run(_ graph: Graph, _ goals: Goals) throws(GraphError) -> (graph: Graph, goals: Goals) {
    var rewrite = try Rewrite(graph, goals)
    var constants: [Constant: Value] = [:]
    var known: [Key: [Value]] = [:]
    func mergeConstants(_ values: [Value]) throws(GraphError) {
      for value in values {
        guard case .constant(let numbers) = graph.origin(value) else { continue }
        let key = Constant(shape: graph.shape(value), numbers: numbers.map(\.bitPattern))
        if let same = constants[key] {
          try rewrite.replace(value, by: same)
        } else {
          constants[key] = try rewrite.value(value)
        }
      }
    }
    for index in rewrite.order {
      let node = graph.nodes[index]
      try mergeConstants(node.call.inputs)
      let key = Key(op: AnyHashable(node.op), inputs: try rewrite.values(node.call.inputs))
      if let same = known[key] {
        for (value, other) in zip(node.call.outputs, same) { try rewrite.replace(value, by: other) }
      } else {
        try rewrite.copy(index)
        known[key] = try rewrite.values(node.call.outputs)
      }
    }
    return try rewrite.finish()
  }
}
