/// Leaves out nodes, inputs and constants that no goal needs. Parameters stay: they are a layout.
enum RemoveDeadNodes {
  static func run(_ graph: Graph, _ goals: Goals) throws(GraphError) -> (graph: Graph, goals: Goals) {
    var rewrite = try Rewrite(graph, goals)
    for node in rewrite.order { try rewrite.copy(node) }
    return try rewrite.finish()
  }
}
