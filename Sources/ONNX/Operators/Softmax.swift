import Compute

/// exp(x) over its sum along an axis.
enum OnnxSoftmax: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.alongRows(try node.input(0)) { Softmax(axis: $0) }]
  }

  static var writes: [any Operator.Type] { [Softmax.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Softmax else { return }
    call.node(name, call.inputs, call.outputs, [("axis", .int(op.axis))])
  }
}
