import Compute

/// The error function.
enum OnnxErf: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Erf(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Erf.self] }
}
