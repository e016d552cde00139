import Compute

/// The mean of each window.
enum OnnxAveragePool: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let (window, _) = try PoolAttributes.window(node, node.shape(x))
    return [
      try node.one(AveragePool(window, countIncludesPadding: try node.flag("count_include_pad", false)), x)
    ]
  }
}
