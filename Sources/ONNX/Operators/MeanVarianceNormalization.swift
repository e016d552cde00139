import Compute

/// Mean 0 and variance 1 along some axes.
enum OnnxMeanVarianceNormalization: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let axes = try node.ints("axes") ?? [0, 2, 3]
    let centred = try node.one(Sub(), x, try node.one(ReduceMean(axes: axes, keepsDimensions: true), x))
    let variance = try node.one(
      ReduceMean(axes: axes, keepsDimensions: true), try node.one(Square(), centred))
    return [
      try node.one(Div(), centred, try node.one(Add(), try node.one(Sqrt(), variance), try node.scalar(1e-9)))
    ]
  }
}
