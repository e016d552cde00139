import Compute

/// Normalisation of each channel with statistics that are given; in training mode with those of the batch.
enum OnnxBatchNormalization: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let epsilon = try node.float("epsilon", 1e-5)
    let momentum = try node.float("momentum", 0.9)
    let inputs = try node.all()
    guard inputs.count == 5 else { throw NodeError(.damaged, "it needs 5 inputs, found \(inputs.count)") }
    let (x, scale, bias) = (inputs[0], inputs[1], inputs[2])
    // Up to opset 8, 0 meant statistics for each place.
    let isByChannel = try node.opset >= 9 ? true : node.flag("spatial", true)
    guard isByChannel else {
      let deviation = try node.one(Sqrt(), try node.one(Add(), inputs[4], try node.scalar(epsilon)))
      let normal = try node.one(Div(), try node.one(Sub(), x, inputs[3]), deviation)
      return [try node.one(Add(), try node.one(Mul(), normal, scale), bias)]
    }
    let trains = try node.opset >= 14 ? node.flag("training_mode", false) : false
    guard trains else {
      return try node.apply(BatchNormalization(epsilon: epsilon), inputs)
    }
    let axes = (0..<node.shape(x).rank).filter { $0 != 1 }
    let kept = try node.one(ReduceMean(axes: axes, keepsDimensions: true), x)
    let square = try node.one(Square(), try node.one(Sub(), x, kept))
    let mean = try node.one(ReduceMean(axes: axes), x)
    let variance = try node.one(ReduceMean(axes: axes), square)
    func moved(_ old: OnnxValue, _ new: OnnxValue) throws(NodeError) -> OnnxValue {
      try node.one(
        Add(), try node.one(Mul(), old, try node.scalar(momentum)),
        try node.one(Mul(), new, try node.scalar(1 - momentum)))
    }
    return [
      try node.one(BatchNormalization(epsilon: epsilon), x, scale, bias, mean, variance),
      try moved(inputs[3], mean), try moved(inputs[4], variance),
    ]
  }

  static var writes: [any Operator.Type] { [BatchNormalization.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? BatchNormalization else { return }
    call.node(name, call.inputs, call.outputs, [("epsilon", .float(op.epsilon))])
  }
}
