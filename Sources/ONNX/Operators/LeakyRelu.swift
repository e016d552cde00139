import Compute

/// alpha x below 0.
enum OnnxLeakyRelu: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(LeakyRelu(slope: try node.float("alpha", 0.01)), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [LeakyRelu.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? LeakyRelu else { return }
    call.node(name, call.inputs, call.outputs, [("alpha", .float(op.slope))])
  }
}
