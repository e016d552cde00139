import Kernels
import Testing

/// A convolution of random numbers, its reference, and what a kernel of the blocked layout makes of it.
struct ConvolutionCase: Sendable, CustomTestStringConvertible {
  var images = 1
  var channels: Int
  var filters: Int
  var height: Int
  var width: Int
  var kernel = (3, 3)
  var stride = (1, 1)
  var dilation = (1, 1)
  var before = (1, 1)
  var after = (1, 1)
  var groups = 1
  var isTurned = false
  var halo = (0, 0)
  var activation = ISOTACH_LINEAR
  var hasBias = true
  var hasResidual = false
  var isPooled = false
  var hasMask = false

  var testDescription: String {
    "\(images) \(channels)->\(filters) \(height)x\(width) kernel \(kernel) stride \(stride) dilation \(dilation) "
      + "before \(before) after \(after) groups \(groups) turned \(isTurned) halo \(halo) residual \(hasResidual)"
  }

  var outHeight: Int {
    (height + before.0 + after.0 - (kernel.0 - 1) * dilation.0 - 1) / stride.0 + 1
  }
  var outWidth: Int { (width + before.1 + after.1 - (kernel.1 - 1) * dilation.1 - 1) / stride.1 + 1 }

  var shape: isotach_convolution {
    var shape = isotach_convolution()
    (shape.images, shape.channels, shape.filters) = (Int64(images), Int64(channels), Int64(filters))
    (shape.height, shape.width) = (Int64(height), Int64(width))
    (shape.out_height, shape.out_width) = (Int64(outHeight), Int64(outWidth))
    (shape.kernel_y, shape.kernel_x) = (Int64(kernel.0), Int64(kernel.1))
    (shape.stride_y, shape.stride_x) = (Int64(stride.0), Int64(stride.1))
    (shape.dilation_y, shape.dilation_x) = (Int64(dilation.0), Int64(dilation.1))
    (shape.before_y, shape.before_x) = (Int64(before.0), Int64(before.1))
    shape.groups = Int64(groups)
    shape.turned = isTurned ? 1 : 0
    return shape
  }

  var x: [Float] { randomNumbers(images * channels * height * width, 1) }
  var w: [Float] { randomNumbers(filters * channels / groups * kernel.0 * kernel.1, 2) }
  var bias: [Float]? { hasBias ? randomNumbers(filters, 3) : nil }
  var residual: [Float]? { hasResidual ? randomNumbers(images * filters * outHeight * outWidth, 4) : nil }

  var mask: [Float]? { hasMask ? randomNumbers(images * filters * outHeight * outWidth, 5) : nil }

  var epilogue: isotach_epilogue {
    var epilogue = isotach_epilogue()
    epilogue.activation = Int32(activation)
    (epilogue.slope, epilogue.low, epilogue.high) = (0.1, -2.5, 3)
    return epilogue
  }

  /// - Parameter round: applied to both operands of each product.
  func reference(_ round: (Float) -> Float = { $0 }) -> [Float] {
    var (shape, epilogue) = (shape, epilogue)
    var y = [Float](repeating: .nan, count: images * filters * outHeight * outWidth)
    // A mask takes the place of the activation.
    if hasMask { epilogue.activation = Int32(ISOTACH_LINEAR) }
    isotach_convolution_reference(
      &shape, x.map(round), w.map(round), bias, residual, &epilogue, &y)
    if let mask {
      for i in y.indices where mask[i] <= 0 { y[i] *= activation == ISOTACH_LEAKY ? epilogue.slope : 0 }
    }
    return y
  }

  /// What the kernel does with x, w, bias, the epilogue and y, on this thread.
  typealias Kernel = (inout isotach_blocked, [Float], [Float]?, inout isotach_epilogue, inout isotach_blocked)
    -> Void

  /// Runs a kernel; checks the maxima of 2 x 2 against its own result, and returns that.
  func run(_ kernel: Kernel) -> [Float] {
    let input = BlockedValue(
      x, channels: channels, images: images, height: height, width: width, halo: halo)
    let output = BlockedValue(
      channels: filters, images: images, height: outHeight, width: outWidth, halo: (1, 2))
    let added = residual.map {
      BlockedValue($0, channels: filters, images: images, height: outHeight, width: outWidth, halo: (0, 1))
    }
    let under = mask.map {
      BlockedValue($0, channels: filters, images: images, height: outHeight, width: outWidth, halo: (2, 0))
    }
    let pooled = BlockedValue(
      channels: filters, images: images, height: outHeight / 2, width: outWidth / 2)
    var epilogue = epilogue
    withPointer(added) { added in
      withPointer(under) { under in
        withPointer(isPooled ? pooled : nil) { pooled in
          (epilogue.residual, epilogue.mask, epilogue.pooled) = (added, under, pooled)
          kernel(&input.layout, w, bias, &epilogue, &output.layout)
        }
      }
    }
    let y = output.plain
    if isPooled { checkPooled(pooled.plain, y) }
    return y
  }

  private func withPointer(_ value: BlockedValue?, _ body: (UnsafePointer<isotach_blocked>?) -> Void) {
    guard let value else { return body(nil) }
    withUnsafePointer(to: &value.layout) { body($0) }
  }

  private func checkPooled(_ found: [Float], _ y: [Float]) {
    var expected: [Float] = []
    for plane in 0..<images * filters {
      for i in 0..<outHeight / 2 {
        for j in 0..<outWidth / 2 {
          let at = (plane * outHeight + 2 * i) * outWidth + 2 * j
          expected.append(max(y[at], y[at + 1], y[at + outWidth], y[at + outWidth + 1]))
        }
      }
    }
    #expect(found == expected)
  }
}
