import Compute

/// The dimensions in another order.
enum OnnxTranspose: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Transpose(try node.ints("perm")), try node.input(0))]
  }

  static var writes: [any Operator.Type] { [Transpose.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Transpose else { return }
    call.node(name, call.inputs, call.outputs, op.permutation.map { [("perm", .ints($0))] } ?? [])
  }
}
