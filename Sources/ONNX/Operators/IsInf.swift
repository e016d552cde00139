import Compute

/// Whether it is infinite.
enum OnnxIsInf: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let (low, high) = (try node.flag("detect_negative", true), try node.flag("detect_positive", true))
    let infinity = try node.scalar(high ? .infinity : low ? -.infinity : .nan)
    return [try node.one(Equal(), high && low ? try node.one(Abs(), x) : x, infinity, type: .bool)]
  }
}
