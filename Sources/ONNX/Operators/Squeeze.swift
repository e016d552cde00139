import Compute

/// Takes out dimensions of extent 1.
enum OnnxSqueeze: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Squeeze(axes: try node.axes(input: 1, since: 13)), try node.input(0))]
  }
}
