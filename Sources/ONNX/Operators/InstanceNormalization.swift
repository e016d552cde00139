import Compute

/// Each channel of each sample to mean 0 and variance 1.
enum OnnxInstanceNormalization: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    try node.apply(InstanceNormalization(epsilon: try node.float("epsilon", 1e-5)), try node.all())
  }

  static var writes: [any Operator.Type] { [InstanceNormalization.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? InstanceNormalization else { return }
    call.node(name, call.inputs, call.outputs, [("epsilon", .float(op.epsilon))])
  }
}
