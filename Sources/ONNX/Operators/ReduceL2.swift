import Compute

/// The root of the sum of squares along some axes.
enum OnnxReduceL2: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let reduction = try Reduction(node)
    return [try reduction.apply(node) { ReduceL2(axes: $0, keepsDimensions: $1) }]
  }

  static var writes: [any Operator.Type] { [ReduceL2.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    try Reduction.write(op, name, call)
  }
}
