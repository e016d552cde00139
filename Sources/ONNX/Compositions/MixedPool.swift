import Compute

/// The expected value of pooling by maximum or mean at random: half of both.
enum OnnxMixedPool: OnnxWriting {
  static var writes: [any Operator.Type] { [MixedPool.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? MixedPool else { return }
    guard !op.samples else { throw NodeError(.unsupported, "it draws random numbers") }
    let window = PoolAttributes.written(op.window)
    let largest = call.step("MaxPool", [call.inputs[0]], window)
    let mean = call.step("AveragePool", [call.inputs[0]], window)
    call.node("Mean", [largest, mean], call.outputs)
  }
}
