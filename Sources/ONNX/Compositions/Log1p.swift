import Compute

/// ln(1 + x). Numbers below about 1e-4 lose digits, for ONNX has no such function: an error of 1e-7 at most.
enum OnnxLog1p: OnnxWriting {
  static var writes: [any Operator.Type] { [Log1p.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    call.node("Log", [call.step("Add", [call.inputs[0], call.floats([1], [])])], call.outputs)
  }
}
