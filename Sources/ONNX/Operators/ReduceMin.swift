import Compute

/// The least number along some axes.
enum OnnxReduceMin: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let reduction = try Reduction(node)
    return [try reduction.apply(node, ofNothing: .infinity) { ReduceMin(axes: $0, keepsDimensions: $1) }]
  }
}
