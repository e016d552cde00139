import Compute

/// The sum over the dimensions along which a smaller tensor would be repeated.
enum OnnxSumTo: OnnxWriting {
  static var writes: [any Operator.Type] { [SumTo.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? SumTo else { return }
    let input = call.inputShapes[0]
    let missing = input.rank - op.target.rank
    let axes = input.extents.indices.filter { $0 < missing || input[$0] != op.target[$0 - missing] }
    guard !axes.isEmpty else { return call.node("Identity", call.inputs, call.outputs) }
    let front = Array(0..<missing)
    let sum = [call.inputs[0], call.integers(axes)]
    guard !front.isEmpty, axes != front else {
      return call.node("ReduceSum", sum, call.outputs, [("keepdims", .int(front.isEmpty ? 1 : 0))])
    }
    let kept = call.step("ReduceSum", sum, [("keepdims", .int(1))])
    call.node("Squeeze", [kept, call.integers(front)], call.outputs)
  }
}
