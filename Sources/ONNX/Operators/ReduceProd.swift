import Compute

/// The product along some axes.
enum OnnxReduceProd: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let reduction = try Reduction(node)
    return [try reduction.apply(node) { ReduceProd(axes: $0, keepsDimensions: $1) }]
  }

  static var writes: [any Operator.Type] { [ReduceProd.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    try Reduction.write(op, name, call)
  }
}
