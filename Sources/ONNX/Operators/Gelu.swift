import Compute

/// x times the normal distribution up to x.
enum OnnxGelu: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    switch try node.string("approximate") ?? "none" {
    case "none": return [try node.one(Gelu(.exact), try node.input(0))]
    case "tanh": return [try node.one(Gelu(.tanh), try node.input(0))]
    default: throw NodeError(.unsupported, "its attribute `approximate` must be `none` or `tanh`")
    }
  }
}
