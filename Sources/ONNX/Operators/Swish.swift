import Compute

/// x sigmoid(alpha x).
enum OnnxSwish: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Swish(beta: try node.float("alpha", 1)), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [Swish.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Swish else { return }
    // The operator is newer than what is written.
    let x = call.inputs[0]
    let scaled = op.beta == 1 ? x : call.step("Mul", [x, call.floats([op.beta], [])])
    call.node("Mul", [x, call.step("Sigmoid", [scaled])], call.outputs)
  }
}
