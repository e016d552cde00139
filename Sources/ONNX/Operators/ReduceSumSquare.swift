import Compute

/// The sum of squares along some axes.
enum OnnxReduceSumSquare: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let reduction = try Reduction(node)
    return [try reduction.apply(node) { ReduceSumSquare(axes: $0, keepsDimensions: $1) }]
  }

  static var writes: [any Operator.Type] { [ReduceSumSquare.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    try Reduction.write(op, name, call)
  }
}
