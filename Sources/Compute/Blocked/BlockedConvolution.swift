import Kernels
import Tensors

/// A two-dimensional convolution of blocked values, or its adjoint: everything but the numbers.
struct BlockedConvolution: Sendable, Hashable {
  enum Way: Sendable, Hashable, CaseIterable {
    /// Sums of products, in float32: any kernel, stride, dilation and groups.
    case direct
    /// F(m x m, 3 x 3), and F(4 x 4, 5 x 5): without stride, dilation and groups.
    case winograd2, winograd4, winograd6
    /// Few channels in, from a plain value.
    case first
    /// Few filters out, to a plain value.
    case last
    /// Few channels and few filters, from a plain to a plain value: vectors of pixels.
    case plain
    /// A filter for each channel.
    case depthwise
    /// The adjoint of a convolution with a stride.
    case transposed
    /// Sums of products of numbers that are rounded to bfloat16; transposed when no two taps meet.
    case rounded, roundedTransposed

    var description: String {
      switch self {
      case .direct: "direct"
      case .winograd2: "Winograd F(2x2)"
      case .winograd4: "Winograd F(4x4)"
      case .winograd6: "Winograd F(6x6)"
      case .first: "direct from plain"
      case .last: "direct to plain"
      case .plain: "direct, plain"
      case .depthwise: "depthwise"
      case .transposed: "direct, transposed"
      case .rounded: "direct, bfloat16"
      case .roundedTransposed: "direct, transposed, bfloat16"
      }
    }
    var isWinograd: Bool { winogradTile != nil }
    /// The m of F(m x m, k x k).
    var winogradTile: Int? {
      switch self {
      case .winograd2: 2
      case .winograd4: 4
      case .winograd6: 6
      case .direct, .first, .last, .plain, .depthwise, .transposed, .rounded, .roundedTransposed: nil
      }
    }
    var isRounded: Bool { self == .rounded || self == .roundedTransposed }
    /// What the adjoint does tap by tap, not as a convolution with the turned kernel.
    var isTransposed: Bool { self == .transposed || self == .roundedTransposed }
  }

  /// Of the convolution, also where its adjoint is computed.
  let plan: ConvolutionPlan
  /// From what the convolution makes to what it is made of: a transposed convolution.
  let isAdjoint: Bool
  /// Of the input; with several groups lane l must be channel l.
  let lanes: Lanes
  let way: Way
  /// The result are the maxima of 2 x 2 of what the convolution, with its activation, makes.
  let pools: Bool

  /// - Returns: nil when the convolution cannot be computed this way.
  init?(_ plan: ConvolutionPlan, isAdjoint: Bool = false, lanes: Lanes, way: Way, pools: Bool = false) {
    (self.plan, self.isAdjoint, self.lanes, self.way) = (plan, isAdjoint, lanes, way)
    self.pools = pools
    guard plan.rank == 2, plan.batch > 0, lanes.channels == channels,
      lanes.isPlain
        || (plan.groups == 1 && (way == .direct || way == .rounded || way.isWinograd || way == .last))
    else { return nil }
    guard !pools || way == .plain && plan.window.output[1] > 1 && plan.window.output[2] > 1 else {
      return nil
    }
    switch way {
    case .transposed, .roundedTransposed: guard isAdjoint else { return nil }
    case .last, .plain, .depthwise: guard !isAdjoint else { return nil }
    case .direct, .first, .rounded, .winograd2, .winograd4, .winograd6:
      guard !isAdjoint || plan.window.stride == [1, 1, 1] else { return nil }
    }
    guard withNative({ _ in true }) == true else { return nil }
  }

  /// Whether there is a kernel with products in bfloat16.
  static func hasRounded(_ plan: ConvolutionPlan, isAdjoint: Bool, lanes: Lanes) -> Bool {
    Way.allCases.contains { way in
      way.isRounded && BlockedConvolution(plan, isAdjoint: isAdjoint, lanes: lanes, way: way) != nil
    }
  }

  /// Of the input.
  var channels: Int { plan.groups * (isAdjoint ? plan.filters : plan.channels) }
  /// Channels of the result.
  var filters: Int { plan.groups * (isAdjoint ? plan.channels : plan.filters) }
  var outputLanes: Lanes { Lanes(channels: filters) }
  var readsPlain: Bool { way == .first || way == .plain }
  var makesPlain: Bool { way == .last || way == .plain }

  func plainShapes() throws(OperatorError) -> (x: Shape, y: Shape) {
    let (input, output) = (try plan.inputShape(), try plan.outputShape())
    return isAdjoint ? (output, input) : (input, output)
  }
  func inputShape() throws(OperatorError) -> Shape {
    let shape = try plainShapes().x
    return readsPlain ? shape : try shape.inBlocks(lanes)
  }
  func outputShape() throws(OperatorError) -> Shape {
    let whole = try plainShapes().y
    let shape = pools ? try .made([whole[0], whole[1], whole[2] / 2, whole[3] / 2]) : whole
    return makesPlain ? shape : try shape.inBlocks(outputLanes)
  }

  /// Numbers of the packed weights and bias. The reference packs both as they are, one behind the other.
  var packedCount: Int {
    let weights = plan.groups * plan.filters * plan.channels * plan.window.kernelCount
    let plain = (way.isRounded ? (weights + 1) / 2 : weights) + filters
    return max(plain, withNative { $0.packed } ?? 0)
  }

  func workspaceBytes(threads: Int) -> Int {
    withNative { $0.sharedBytes + threads * $0.scratchBytes } ?? 0
  }

  /// Calls `body` with the kernels' plan.
  /// - Parameter rows: of the result of one image alone; nil: all of all images.
  /// - Returns: nil when there is none.
  func withNative<R>(rows: Range<Int>? = nil, _ body: (NativeConvolution) -> R) -> R? {
    func make(_ lanes: UnsafePointer<Int32>?) -> R? {
      let window = plan.window
      let (from, to) = isAdjoint ? (window.output, window.input) : (window.input, window.output)
      // The adjoint without stride is a convolution with the turned kernel.
      let isTurned = isAdjoint && !way.isTransposed
      func before(_ axis: Int) -> Int64 {
        Int64(
          isTurned
            ? window.dilation[axis] * (window.kernel[axis] - 1) - window.before[axis] : window.before[axis])
      }
      var shape = unsafe isotach_convolution()
      shape.images = Int64(plan.batch)
      (shape.channels, shape.filters) = (Int64(channels), Int64(filters))
      shape.groups = Int64(plan.groups)
      (shape.height, shape.width) = (Int64(from[1]), Int64(from[2]))
      (shape.out_height, shape.out_width) = (Int64(to[1]), Int64(to[2]))
      (shape.kernel_y, shape.kernel_x) = (Int64(window.kernel[1]), Int64(window.kernel[2]))
      (shape.stride_y, shape.stride_x) = (Int64(window.stride[1]), Int64(window.stride[2]))
      (shape.dilation_y, shape.dilation_x) = (Int64(window.dilation[1]), Int64(window.dilation[2]))
      (shape.before_y, shape.before_x) = (before(1), before(2))
      if let rows {
        shape.images = 1
        shape.out_height = Int64(rows.count)
        // Row 0 of these is farther from the first row of the input.
        shape.before_y +=
          way.isTransposed
          ? Int64(rows.lowerBound) : -Int64(rows.lowerBound * (isAdjoint ? 1 : window.stride[1]))
      }
      shape.turned = isTurned ? 1 : 0
      if let lanes {
        unsafe shape.channel_of_lane = lanes
        shape.in_blocks = Int64(self.lanes.blocks)
      }
      guard let native = unsafe NativeConvolution(shape, way, pools: pools) else { return nil }
      return body(native)
    }
    if lanes.isPlain { return make(nil) }
    return unsafe lanes.channelOfLane.withUnsafeBufferPointer { unsafe make($0.baseAddress) }
  }
}
