import Compute

/// Puts in dimensions of extent 1.
enum OnnxUnsqueeze: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    guard let axes = try node.axes(input: 1, since: 13) else { throw NodeError(.damaged, "it has no axes") }
    return [try node.one(Unsqueeze(axes: axes), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [Unsqueeze.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Unsqueeze else { return }
    call.node(name, [call.inputs[0], call.integers(op.axes)], call.outputs)
  }
}
