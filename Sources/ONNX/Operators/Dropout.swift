import Compute

/// The input itself: nothing is dropped when a network is applied.
enum OnnxDropout: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    node.ignore("ratio")
    node.ignore("seed")
    let x = try node.input(0)
    if let training = node.optional(2), try node.number(training, "training_mode") != 0,
      try node.optional(1).map({ (ratio) throws(NodeError) in try node.number(ratio, "ratio") }) ?? 0.5 != 0
    {
      throw NodeError(.unsupported, "it draws random numbers (training_mode), which models here do not")
    }
    guard node.outputCount > 1 else { return [x] }
    return [x, try node.one(Expand(node.shape(x)), try node.scalar(1, .bool))]
  }
}
