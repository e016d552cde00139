import Compute

/// The dimensions from an axis on over the root of their mean square.
enum OnnxRMSNormalization: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    node.ignore("stash_type")
    let x = try node.input(0)
    let rank = node.shape(x).rank
    let axis = try node.int("axis", -1)
    guard axis >= -rank, axis < rank else {
      throw NodeError(.mismatch, "there is no axis \(axis) in \(node.shape(x))")
    }
    let axes = Array((axis < 0 ? axis + rank : axis)..<rank)
    let mean = try node.one(ReduceMean(axes: axes, keepsDimensions: true), try node.one(Square(), x))
    let root = try node.one(
      Sqrt(), try node.one(Add(), mean, try node.scalar(try node.float("epsilon", 1e-5))))
    return [try node.one(Mul(), try node.one(Div(), x, root), try node.input(1))]
  }
}
