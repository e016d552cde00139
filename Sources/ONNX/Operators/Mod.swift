import Compute

/// The remainder of a division: of the sign of b, or of a (fmod).
enum OnnxMod: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let isTruncated = try node.flag("fmod", false)
    return [try node.one(Mod(truncates: isTruncated), try node.input(0), try node.input(1))]
  }
}
