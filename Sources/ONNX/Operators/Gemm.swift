import Compute

/// alpha A B + beta C of matrices.
enum OnnxGemm: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let op = Gemm(
      alpha: try node.float("alpha", 1), beta: try node.float("beta", 1),
      transposeA: try node.flag("transA", false),
      transposeB: try node.flag("transB", false))
    return try node.apply(op, try node.all())
  }

  static var writes: [any Operator.Type] { [Gemm.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Gemm else { return }
    call.node(
      name, call.inputs, call.outputs,
      [
        ("alpha", .float(op.alpha)), ("beta", .float(op.beta)), ("transA", .int(op.transposeA ? 1 : 0)),
        ("transB", .int(op.transposeB ? 1 : 0)),
      ])
  }
}
