import Compute

/// Numbers over a scale, rounded, with a zero point added, kept within the type.
enum OnnxQuantizeLinear: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let zero = node.optional(2)
    node.ignore("saturate")
    node.ignore("precision")
    let code = try node.int("output_dtype", 0)
    let type = zero?.type ?? ElementType(rawValue: Int32(clamping: code)) ?? .uint8
    guard let limits = type.limits else {
      throw NodeError(.unsupported, "numbers are not quantised to \(type.name)")
    }
    let (scale, offset) = try node.quantisation(x)
    var y = try node.one(Round(), try node.one(Div(), x, scale))
    if let offset { y = try node.one(Add(), y, offset) }
    return [try node.one(Clip(low: limits.lowerBound, high: limits.upperBound), y, type: type)]
  }
}
