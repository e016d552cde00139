import Compute

/// Normalisation of each channel with statistics that are given; in training mode with those of the batch.
enum OnnxBatchNormalization: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let epsilon = try node.float("epsilon", 1e-5)
    let momentum = try node.float("momentum", 0.9)
    let inputs = try node.all()
    guard inputs.count == 5 else { throw NodeError(.damaged, "it needs 5 inputs, found \(inputs.count)") }
    // Up to opset 8, 0 meant statistics for each place.
    guard try node.flag("spatial", true) else {
      throw NodeError(.unsupported, "statistics for each place (spatial = 0) are not supported")
    }
    if try node.flag("training_mode", false) {
      _ = momentum
      throw NodeError(.unsupported, "the training mode is not supported")
    }
    return try node.apply(BatchNormalization(epsilon: epsilon), inputs)
  }

  static var writes: [any Operator.Type] { [BatchNormalization.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? BatchNormalization else { return }
    call.node("BatchNormalization", call.inputs, call.outputs, [("epsilon", .float(op.epsilon))])
  }
}
