import Compute

/// x above alpha, else 0.
enum OnnxThresholdedRelu: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(ThresholdedRelu(alpha: try node.float("alpha", 1)), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [ThresholdedRelu.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? ThresholdedRelu else { return }
    call.node(name, call.inputs, call.outputs, [("alpha", .float(op.alpha))])
  }
}
