import Compute
import Tensors

/// The attributes that convolutions and pooling share: how a window moves over the spatial dimensions.
struct WindowAttributes {
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// In front of each dimension, then behind each.
  var pads: [Int]

  enum AutoPad: String, CaseIterable {
    case none = "NOTSET"
    case upper = "SAME_UPPER"
    case lower = "SAME_LOWER"
    case valid = "VALID"
  }

  /// - Parameters:
  ///   - kernel: the extents of the weights; nil when the attribute `kernel_shape` says it.
  ///   - usesMode: `auto_pad` is worked out here, for windows that make the input smaller.
  init(
    _ node: NodeReader, kernel weights: [Int]? = nil, input: Shape, usesMode: Bool = true
  ) throws(NodeError) {
    let kernel = try node.ints("kernel_shape")
    if let kernel, let weights, kernel != weights {
      throw NodeError(.damaged, "its kernel_shape \(kernel) is not that of its weights \(weights)")
    }
    guard let kernel = weights ?? kernel else { throw NodeError(.damaged, "it has no kernel_shape") }
    let rank = kernel.count
    guard (1...3).contains(rank) else {
      throw NodeError(.unsupported, "windows have 1 to 3 spatial dimensions, found \(rank)")
    }
    guard input.rank == rank + 2 else {
      throw NodeError(.mismatch, "its input \(input) needs batch, channels and \(rank) spatial dimensions")
    }
    func complete(_ name: String, _ standard: Int, _ count: Int) throws(NodeError) -> [Int] {
      guard let values = try node.ints(name), !values.isEmpty else {
        return Array(repeating: standard, count: count)
      }
      guard values.count == count else {
        throw NodeError(.damaged, "its \(name) \(values) needs \(count) numbers")
      }
      guard values.allSatisfy({ $0 >= standard && $0 <= 1 << 30 }) else {
        throw NodeError(.damaged, "its \(name) \(values) must be \(standard) to 2^30")
      }
      return values
    }
    guard kernel.allSatisfy({ (1...1 << 30).contains($0) }) else {
      throw NodeError(.damaged, "its kernel \(kernel) must be 1 to 2^30")
    }
    self.kernel = kernel
    strides = try complete("strides", 1, rank)
    dilations = try complete("dilations", 1, rank)
    pads = try complete("pads", 0, 2 * rank)
    let mode = try node.word("auto_pad", AutoPad.none)
    switch mode {
    case .none: break
    case .upper where !usesMode, .lower where !usesMode: break
    case .valid: pads = Array(repeating: 0, count: 2 * rank)
    case .upper, .lower:
      for dimension in 0..<rank {
        let extent = input.extents[2 + dimension]
        guard extent < 1 << 40 else { throw NodeError(.unsupported, "its input \(input) is too large") }
        let steps = (extent + strides[dimension] - 1) / strides[dimension]
        let reach = (kernel[dimension] - 1) * dilations[dimension] + 1
        let total = max(0, (steps - 1) * strides[dimension] + reach - extent)
        pads[dimension] = mode == .upper ? total / 2 : total - total / 2
        pads[rank + dimension] = total - pads[dimension]
      }
    }
  }

  /// The attributes of a convolution, all spelled out.
  static func written(_ convolution: Convolution, kernel: [Int]) -> [(String, AttributeValue)] {
    let ones = Array(repeating: 1, count: kernel.count)
    return [
      ("kernel_shape", .ints(kernel)), ("group", .int(convolution.groups)),
      ("strides", .ints(convolution.strides.isEmpty ? ones : convolution.strides)),
      ("dilations", .ints(convolution.dilations.isEmpty ? ones : convolution.dilations)),
      (
        "pads",
        .ints(convolution.pads.isEmpty ? Array(repeating: 0, count: 2 * kernel.count) : convolution.pads)
      ),
    ]
  }
}
