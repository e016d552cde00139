import Compute

/// Whole numbers less a zero point, times a scale.
enum OnnxDequantizeLinear: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    node.ignore("output_dtype")
    let (scale, offset) = try node.quantisation(x)
    let whole = if let offset { try node.one(Sub(), x, offset) } else { x }
    return [try node.one(Mul(), whole, scale, type: scale.type)]
  }
}
