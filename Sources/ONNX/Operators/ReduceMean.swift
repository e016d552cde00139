import Compute

/// The mean along some axes.
enum OnnxReduceMean: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let reduction = try Reduction(node)
    let mean = try reduction.apply(node) { ReduceMean(axes: $0, keepsDimensions: $1) }
    return [mean.type.isFloat ? mean : try node.one(Trunc(), mean)]
  }

  static var writes: [any Operator.Type] { [ReduceMean.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    try Reduction.write(op, name, call)
  }
}
