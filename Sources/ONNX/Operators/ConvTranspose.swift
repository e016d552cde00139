import Compute

/// The adjoint of a convolution.
enum OnnxConvTranspose: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let (x, weights) = (node.shape(try node.input(0)), node.shape(try node.input(1)))
    guard weights.rank > 2 else {
      throw NodeError(.unsupported, "its weights \(weights) have no spatial dimensions")
    }
    let rank = weights.rank - 2
    let mode = try node.word("auto_pad", WindowAttributes.AutoPad.none)
    let wanted = try node.ints("output_shape").map { Array($0.suffix(rank)) }
    var window = try WindowAttributes(node, kernel: Array(weights.extents[2...]), input: x, usesMode: false)
    var extra = try node.ints("output_padding") ?? []
    if extra.isEmpty { extra = Array(repeating: 0, count: rank) }
    guard extra.count == rank, extra.allSatisfy({ (0...1 << 30).contains($0) }),
      wanted.map({ $0.count == rank }) ?? true
    else {
      throw NodeError(.damaged, "its output_padding or output_shape needs \(rank) numbers from 0 on")
    }
    if wanted != nil || mode == .upper || mode == .lower {
      for dimension in 0..<rank {
        let extent = x.extents[2 + dimension]
        guard extent < 1 << 30 else { throw NodeError(.unsupported, "its input \(x) is too large") }
        let full =
          (extent - 1) * window.strides[dimension] + (window.kernel[dimension] - 1)
          * window.dilations[dimension] + 1 + extra[dimension]
        let target = wanted?[dimension] ?? extent * window.strides[dimension]
        guard target >= 1, target <= 1 << 62 else {
          throw NodeError(.damaged, "its output_shape has the extent \(target)")
        }
        let total = full - target
        if total < 0 {
          // The output is larger than what is reached: cells more at the end.
          (window.pads[dimension], window.pads[rank + dimension]) = (0, 0)
          extra[dimension] -= total
        } else {
          let small = total / 2
          window.pads[dimension] = mode == .upper ? small : total - small
          window.pads[rank + dimension] = total - window.pads[dimension]
        }
      }
    }
    let op = ConvTranspose(
      strides: window.strides, dilations: window.dilations, pads: window.pads, outputPadding: extra,
      groups: try node.int("group", 1))
    return try node.apply(op, try node.all())
  }

  static var writes: [any Operator.Type] { [ConvTranspose.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? ConvTranspose else { return }
    let kernel = Array(call.inputShapes[1].extents[2...])
    let extra = op.outputPadding.isEmpty ? kernel.map { _ in 0 } : op.outputPadding
    call.node(
      name, call.inputs, call.outputs,
      WindowAttributes.written(op.convolution, kernel: kernel) + [("output_padding", .ints(extra))])
  }
}
