import Compute

/// Numbers over their norm along an axis.
enum OnnxLpNormalization: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let axis = try node.int("axis", -1)
    switch try node.int("p", 2) {
    case 1: return [try node.one(Div(), x, try node.one(ReduceL1(axes: [axis], keepsDimensions: true), x))]
    case 2: return [try node.one(Div(), x, try node.one(ReduceL2(axes: [axis], keepsDimensions: true), x))]
    default: throw NodeError(.damaged, "its p must be 1 or 2")
    }
  }
}
