import Compute
import Tensors

/// The windows of pooling operators.
enum PoolAttributes {
  static func window(_ node: NodeReader, _ input: Shape) throws(NodeError) -> (PoolWindow, WindowAttributes) {
    let ceil = try node.flag("ceil_mode", false)
    let window = try WindowAttributes(node, input: input)
    let rank = window.kernel.count
    return (
      PoolWindow(
        kernel: window.kernel, stride: window.strides, dilation: window.dilations,
        padsBefore: Array(window.pads[..<rank]), padsAfter: Array(window.pads[rank...]), ceilMode: ceil),
      window
    )
  }

  /// The attributes of pooling, all spelled out.
  static func written(_ window: PoolWindow) -> [(String, AttributeValue)] {
    [
      ("kernel_shape", .ints(window.kernel)), ("strides", .ints(window.stride)),
      ("dilations", .ints(window.dilation)), ("pads", .ints(window.padsBefore + window.padsAfter)),
      ("ceil_mode", .int(window.ceilMode ? 1 : 0)),
    ]
  }

  /// Where the planes of a tensor begin, counted over all of it: [batch, channels, 1...].
  static func planes(_ node: NodeReader, _ shape: Shape) throws(NodeError) -> OnnxValue {
    guard shape.rank >= 2, shape.count <= 1 << 24, shape.count > 0 else {
      throw NodeError(.unsupported, "indices into \(shape) are not exact in float32 (at most 2^24 elements)")
    }
    let planes = shape.extents[0] * shape.extents[1]
    let size = shape.count / planes
    let extents = shape.extents.prefix(2) + shape.extents.dropFirst(2).map { _ in 1 }
    return try node.constant((0..<planes).map { Double($0 * size) }, Array(extents), .int64)
  }
}
