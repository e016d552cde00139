import Compute

/// Numbers kept between two limits.
enum OnnxClip: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    guard node.opset >= 11 else {
      return [
        try node.one(Clip(low: try node.float("min", -.infinity), high: try node.float("max", .infinity)), x)
      ]
    }
    let low = node.optional(1)
    let high = node.optional(2)
    if let (from, to) = try? (
      low.map { (value) throws(NodeError) in try node.number(value, "min") } ?? -.infinity,
      high.map { (value) throws(NodeError) in try node.number(value, "max") } ?? .infinity
    ), from <= to {
      return [try node.one(Clip(low: from, high: to), x)]
    }
    var y = x
    if let low { y = try node.one(Max(), y, low) }
    if let high { y = try node.one(Min(), y, high) }
    return [y]
  }

  static var writes: [any Operator.Type] { [Clip.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Clip else { return }
    let low = op.low.isFinite ? call.floats([op.low], []) : ""
    let high = op.high.isFinite ? call.floats([op.high], []) : ""
    call.node(name, [call.inputs[0], low, high], call.outputs)
  }
}
