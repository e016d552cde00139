/// One of two branches; which must be known when the graph is made, as it is where exporters ask for a shape.
enum OnnxIf: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let isTrue = try node.number(try node.input(0), "condition") != 0
    let (first, second) = (try node.graph("then_branch"), try node.graph("else_branch"))
    guard let branch = isTrue ? first : second else { throw NodeError(.damaged, "it has no branch") }
    return try node.inline(branch)
  }
}
