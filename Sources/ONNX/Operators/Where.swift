import Compute

/// a where the condition is true, else b.
enum OnnxWhere: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let a = try node.input(1)
    return [try node.one(Where(), try node.input(0), a, try node.input(2), type: a.type)]
  }

  static var writes: [any Operator.Type] { [Where.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    let condition = call.step("Cast", [call.inputs[0]], [("to", .int(Int(ElementType.bool.rawValue)))])
    call.node(name, [condition] + call.inputs.dropFirst(), call.outputs)
  }
}
