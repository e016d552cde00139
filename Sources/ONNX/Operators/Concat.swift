import Compute

/// Tensors one after the other along an axis.
enum OnnxConcat: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    guard let axis = try node.int("axis") else { throw NodeError(.damaged, "it has no axis") }
    return try node.apply(Concat(axis: axis), try node.all())
  }

  static var writes: [any Operator.Type] { [Concat.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Concat else { return }
    call.node("Concat", call.inputs, call.outputs, [("axis", .int(op.axis))])
  }
}
