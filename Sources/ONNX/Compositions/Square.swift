import Compute

/// x x.
enum OnnxSquare: OnnxWriting {
  static var writes: [any Operator.Type] { [Square.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    call.node("Mul", [call.inputs[0], call.inputs[0]], call.outputs)
  }
}
