import Compute

/// alpha (exp(x) - 1) below 0.
enum OnnxElu: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Elu(alpha: try node.float("alpha", 1)), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [Elu.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Elu else { return }
    call.node(name, call.inputs, call.outputs, [("alpha", .float(op.alpha))])
  }
}
