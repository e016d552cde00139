import Compute

/// Numbers from a start in equal steps to before a limit.
enum OnnxRange: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let start = try node.input(0)
    let (first, limit) = (try node.number(start, "start"), try node.number(try node.input(1), "limit"))
    let step = try node.number(try node.input(2), "delta")
    let steps = ((limit - first) / step).rounded(.up)
    guard steps.isFinite, steps <= Double(GraphReading.mostKnown) else {
      throw NodeError(.unsupported, "from \(first) to \(limit) in steps of \(step) are too many numbers")
    }
    let numbers = (0..<max(0, Int(steps))).map { first + Double($0) * step }
    return [try node.constant(numbers, [numbers.count], start.type)]
  }
}
