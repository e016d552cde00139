import Compute

/// The sum along some axes.
enum OnnxReduceSum: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let reduction = try Reduction(node)
    return [try reduction.apply(node) { ReduceSum(axes: $0, keepsDimensions: $1) }]
  }
}
