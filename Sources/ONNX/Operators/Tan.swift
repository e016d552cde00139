import Compute

/// The tangent of radians.
enum OnnxTan: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    return [try node.one(Div(), try node.one(Sin(), x), try node.one(Cos(), x))]
  }
}
