import Compute

/// The p-norm of each window.
enum OnnxLpPool: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let (window, _) = try PoolAttributes.window(node, node.shape(x))
    return [try node.one(LpPool(window, p: Double(try node.int("p", 2)), normalised: false), x)]
  }
}
