import Compute

/// The whole number below.
enum OnnxFloor: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Floor(), try node.input(0))]
  }
  static var writes: [any Operator.Type] { [Floor.self] }
}
