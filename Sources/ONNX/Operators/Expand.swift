import Compute

/// Repeats the input to a shape.
enum OnnxExpand: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let wanted = try node.integers(try node.input(1), "shape")
    return [try node.expanded(x, to: wanted)]
  }

  static var writes: [any Operator.Type] { [Expand.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Expand else { return }
    // 1 stands for as many as there are.
    let missing = op.target.rank - call.inputShapes[0].rank
    let extents = op.target.extents.enumerated().map { index, extent in
      index >= missing && call.inputShapes[0].extents[index - missing] == extent ? 1 : extent
    }
    call.node(name, [call.inputs[0], call.integers(extents)], call.outputs)
  }
}
