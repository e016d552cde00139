import Compute

/// The dimensions before an axis and those after it made one each.
enum OnnxFlatten: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Flatten(axis: try node.int("axis", 1)), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [Flatten.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Flatten else { return }
    call.node(name, call.inputs, call.outputs, [("axis", .int(op.axis))])
  }
}
