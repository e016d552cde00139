import Compute

/// The logarithm of the softmax along an axis.
enum OnnxLogSoftmax: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.alongRows(try node.input(0)) { LogSoftmax(axis: $0) }]
  }

  static var writes: [any Operator.Type] { [LogSoftmax.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? LogSoftmax else { return }
    call.node(name, call.inputs, call.outputs, [("axis", .int(op.axis))])
  }
}
