import Compute

/// The sum of absolute numbers along some axes.
enum OnnxReduceL1: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let reduction = try Reduction(node)
    return [try reduction.apply(node) { ReduceL1(axes: $0, keepsDimensions: $1) }]
  }

  static var writes: [any Operator.Type] { [ReduceL1.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    try Reduction.write(op, name, call)
  }
}
