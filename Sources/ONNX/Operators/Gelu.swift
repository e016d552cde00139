import Compute

/// x times the normal distribution up to x.
enum OnnxGelu: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    switch try node.string("approximate") ?? "none" {
    case "none": return [try node.one(Gelu(.exact), try node.input(0))]
    case "tanh": return [try node.one(Gelu(.tanh), try node.input(0))]
    default: throw NodeError(.unsupported, "its attribute `approximate` must be `none` or `tanh`")
    }
  }

  static var writes: [any Operator.Type] { [Gelu.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Gelu else { return }
    call.node(
      name, call.inputs, call.outputs, [("approximate", .string(op.form == .tanh ? "tanh" : "none"))])
  }
}
