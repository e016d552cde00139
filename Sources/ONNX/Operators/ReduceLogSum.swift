import Compute

/// The logarithm of the sum along some axes.
enum OnnxReduceLogSum: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let reduction = try Reduction(node)
    return [try node.one(Log(), try reduction.apply(node) { ReduceSum(axes: $0, keepsDimensions: $1) })]
  }
}
