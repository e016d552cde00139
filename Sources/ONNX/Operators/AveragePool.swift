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

  static var writes: [any Operator.Type] { [AveragePool.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? AveragePool else { return }
    call.node(
      name, call.inputs, call.outputs,
      PoolAttributes.written(op.window) + [("count_include_pad", .int(op.countIncludesPadding ? 1 : 0))])
  }
}
