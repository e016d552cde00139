import Compute

/// The p-norm over space.
enum OnnxGlobalLpPool: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let p = Double(try node.int("p", 2))
    guard p >= 1 else { throw NodeError(.damaged, "its p is \(p)") }
    let axes = Array(2..<max(2, node.shape(x).rank))
    let powers = try node.one(Pow(), try node.one(Abs(), x), try node.scalar(p))
    return [
      try node.one(
        Pow(), try node.one(ReduceSum(axes: axes, keepsDimensions: true), powers), try node.scalar(1 / p))
    ]
  }
}
