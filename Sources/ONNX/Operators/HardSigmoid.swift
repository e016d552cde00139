import Compute

/// min(1, max(0, alpha x + beta)).
enum OnnxHardSigmoid: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [
      try node.one(
        HardSigmoid(alpha: try node.float("alpha", 0.2), beta: try node.float("beta", 0.5)), try node.input(0)
      )
    ]
  }

  static var writes: [any Operator.Type] { [HardSigmoid.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? HardSigmoid else { return }
    call.node(name, call.inputs, call.outputs, [("alpha", .float(op.alpha)), ("beta", .float(op.beta))])
  }
}
