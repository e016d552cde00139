import Compute

/// The sum along some axes.
enum OnnxReduceSum: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let reduction = try Reduction(node)
    return [try reduction.apply(node) { ReduceSum(axes: $0, keepsDimensions: $1) }]
  }

  static var writes: [any Operator.Type] { [ReduceSum.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    try Reduction.write(op, name, call)
  }
}
