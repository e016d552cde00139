/// Puts a function of each number (Relu, Sigmoid...) into the operator whose result alone it reads, where that
/// operator takes one.
enum FuseActivation {
  static func run(_ graph: Graph, _ goals: Goals) throws(GraphError) -> (graph: Graph, goals: Goals) {
    var rewrite = try Rewrite(graph, goals)
    var done = Set<Int>()
    for index in rewrite.order where !done.contains(index) {
      let node = graph.nodes[index]
      guard var op = node.op as? any TakesActivation, op.activation == nil,
        let output = node.call.outputs.first,
        !rewrite.wanted.contains(output), rewrite.readers[output.index].count == 1,
        let reader = rewrite.readers[output.index].first,
        let function = graph.nodes[reader].op as? any UnaryOperator
      else {
        try rewrite.copy(index)
        continue
      }
      op.activation = Activation(function)
      try rewrite.copy(index, op: op)
      try rewrite.replace(graph.nodes[reader].call.outputs[0], by: try rewrite.value(output))
      done.insert(reader)
    }
    return try rewrite.finish()
  }
}
