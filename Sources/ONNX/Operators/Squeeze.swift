import Compute

/// Takes out dimensions of extent 1.
enum OnnxSqueeze: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Squeeze(axes: try node.axes(input: 1, since: 13)), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [Squeeze.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Squeeze else { return }
    call.node(name, [call.inputs[0]] + (op.axes.map { [call.integers($0)] } ?? []), call.outputs)
  }
}
