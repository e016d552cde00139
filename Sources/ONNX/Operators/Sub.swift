import Compute

/// a - b with broadcasting.
enum OnnxSub: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let (a, b) = (try node.input(0), try node.input(1))
    return [try node.one(Sub(), a, b)]
  }
  static var writes: [any Operator.Type] { [Sub.self] }
}
