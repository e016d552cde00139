import Compute

/// Where the greatest number along an axis is.
enum OnnxArgMax: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let search = ArgMax(
      axis: try node.int("axis", 0), keepsDimensions: try node.flag("keepdims", true),
      selectsLast: try node.flag("select_last_index", false))
    return [try node.one(search, x, type: .int64)]
  }

  static var writes: [any Operator.Type] { [ArgMax.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? ArgMax else { return }
    call.truth(
      call.step(
        name, call.inputs,
        [
          ("axis", .int(op.axis)), ("keepdims", .int(op.keepsDimensions ? 1 : 0)),
          ("select_last_index", .int(op.selectsLast ? 1 : 0)),
        ]))
  }
}
