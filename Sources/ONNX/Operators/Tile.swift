import Compute

/// The whole input several times along each dimension.
enum OnnxTile: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    [try node.one(Tile(try node.integers(try node.input(1), "repeats")), try node.input(0))]
  }
}
