import Compute

/// The logarithm of the sum of exp(x) along some axes, reckoned from the greatest x so that nothing overflows.
enum OnnxReduceLogSumExp: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let reduction = try Reduction(node)
    let x = try node.input(0)
    guard !reduction.isOfNothing(node.shape(x)), !reduction.isIdentity else {
      let sum = try reduction.apply(node, of: try node.one(Exp(), x)) {
        ReduceSum(axes: $0, keepsDimensions: $1)
      }
      return [try node.one(Log(), sum)]
    }
    // Finite, so that it can be taken off an infinite x.
    let greatest = Double(Float.greatestFiniteMagnitude)
    let top = try node.one(
      Clip(low: -greatest, high: greatest),
      try node.one(ReduceMax(axes: reduction.axes, keepsDimensions: true), x))
    let powers = try node.one(Exp(), try node.one(Sub(), x, top))
    let sum = try reduction.apply(node, of: powers) { ReduceSum(axes: $0, keepsDimensions: $1) }
    let base = try node.one(Reshape(to: node.shape(sum)), top)
    return [try node.one(Add(), try node.one(Log(), sum), base)]
  }
}
