import Compute

/// The slices that indices name.
enum OnnxGather: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let axis = try node.int("axis", 0)
    return [try node.one(Gather(axis: axis), try node.input(0), try node.input(1))]
  }

  static var writes: [any Operator.Type] { [Gather.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Gather else { return }
    let indices = call.step("Cast", [call.inputs[1]], [("to", .int(Int(ElementType.int64.rawValue)))])
    call.node(name, [call.inputs[0], indices], call.outputs, [("axis", .int(op.axis))])
  }
}
