import Compute

/// a + b with broadcasting.
enum OnnxAdd: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let (a, b) = (try node.input(0), try node.input(1))
    return [try node.one(Add(), a, b)]
  }
  static var writes: [any Operator.Type] { [Add.self] }
}
