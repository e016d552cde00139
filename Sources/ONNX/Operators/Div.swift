import Compute

/// a / b with broadcasting; of whole numbers without the fraction.
enum OnnxDiv: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let (a, b) = (try node.input(0), try node.input(1))
    let quotient = try node.one(Div(), a, b)
    return [a.type.isFloat ? quotient : try node.one(Trunc(), quotient)]
  }
  static var writes: [any Operator.Type] { [Div.self] }
}
