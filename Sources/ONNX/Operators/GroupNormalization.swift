import Compute

/// Groups of channels of each sample to mean 0 and variance 1.
enum OnnxGroupNormalization: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    guard let groups = try node.int("num_groups"), groups > 0 else {
      throw NodeError(.damaged, "it has no num_groups")
    }
    node.ignore("stash_type")
    let op = GroupNormalization(groups: groups, epsilon: try node.float("epsilon", 1e-5))
    let x = try node.input(0)
    let channels = node.shape(x).extents.dropFirst().first ?? 0
    // Up to opset 20 there was one scale and one bias for each group.
    func full(_ value: OnnxValue) throws(NodeError) -> OnnxValue {
      guard node.opset < 21, node.shape(value).extents == [groups], channels % groups == 0, channels != groups
      else { return value }
      let columns = try node.one(Reshape([groups, 1]), value)
      return try node.one(Reshape([channels]), try node.expanded(columns, to: [groups, channels / groups]))
    }
    return [try node.one(op, x, try full(try node.input(1)), try full(try node.input(2)))]
  }

  static var writes: [any Operator.Type] { [GroupNormalization.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? GroupNormalization else { return }
    call.node(
      name, call.inputs, call.outputs, [("num_groups", .int(op.groups)), ("epsilon", .float(op.epsilon))])
  }
}
