import Compute

/// The same numbers in another type; those with a fraction lose it when the type has none.
enum OnnxCast: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    guard let code = try node.int("to"), let type = Int32(exactly: code).flatMap(ElementType.init(rawValue:))
    else {
      throw NodeError(
        .unsupported, "its type `to` is \(ElementType.title(Int32(clamping: try node.int("to", 0))))")
    }
    node.ignore("saturate")
    node.ignore("round_mode")
    return [try node.cast(try node.input(0), to: type)]
  }
}
