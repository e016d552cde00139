import Compute

/// x + bias below -lambd, x - bias above lambd, else 0.
enum OnnxShrink: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let (bias, lambda) = (try node.float("bias", 0), try node.float("lambd", 0.5))
    let x = try node.input(0)
    let lower = try node.one(
      Where(), try node.one(Less(), x, try node.scalar(-lambda)),
      try node.one(Add(), x, try node.scalar(bias)), try node.scalar(0), type: x.type)
    return [
      try node.one(
        Where(), try node.one(Greater(), x, try node.scalar(lambda)),
        try node.one(Sub(), x, try node.scalar(bias)), lower, type: x.type)
    ]
  }
}
