import Compute

/// alpha (exp(x / alpha) - 1) below 0.
enum OnnxCelu: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Celu(alpha: try node.float("alpha", 1)), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [Celu.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Celu else { return }
    call.node(name, call.inputs, call.outputs, [("alpha", .float(op.alpha))])
  }
}
