import Compute

/// The whole input several times along each dimension.
enum OnnxTile: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Tile(try node.integers(try node.input(1), "repeats")), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [Tile.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Tile else { return }
    call.node(name, [call.inputs[0], call.integers(op.repeats)], call.outputs)
  }
}
