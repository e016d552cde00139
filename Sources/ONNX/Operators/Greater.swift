import Compute

/// Whether a > b, with broadcasting.
enum OnnxGreater: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Greater(), try node.input(0), try node.input(1), type: .bool)]
  }

  static var writes: [any Operator.Type] { [Greater.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    call.truth(call.step(name, call.inputs))
  }
}
