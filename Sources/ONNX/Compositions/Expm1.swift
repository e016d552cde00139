import Compute

/// exp(x) - 1. Numbers below about 1e-4 lose digits, for ONNX has no such function: an error of 1e-7 at most.
enum OnnxExpm1: OnnxWriting {
  static var writes: [any Operator.Type] { [Expm1.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    call.node("Sub", [call.step("Exp", [call.inputs[0]]), call.floats([1], [])], call.outputs)
  }
}
