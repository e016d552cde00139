import Kernels
import Tensors

/// `MaxPool` or `AveragePool` over rows and columns of blocked values. The reference is theirs with a third dimension,
/// the lanes.
struct BlockedPool: Operator {
  static let name = "BlockedPool"
  enum Kind: Sendable, Hashable { case max, average, averageWithPadding }
  let kind: Kind
  let window: PoolWindow

  init?(_ kind: Kind, _ window: PoolWindow) {
    guard window.kernel.count == 2 else { return nil }
    (self.kind, self.window) = (kind, window)
  }

  var detail: String { "\(kind == .max ? "maximum" : "mean"), \(window)" }

  private var plain: any Operator {
    let window = PoolWindow(
      kernel: window.kernel + [1], stride: window.stride + [1], dilation: window.dilation + [1],
      padsBefore: window.padsBefore + [0], padsAfter: window.padsAfter + [0], ceilMode: window.ceilMode)
    return kind == .max
      ? MaxPool(window) : AveragePool(window, countIncludesPadding: kind == .averageWithPadding)
  }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { try plain.outputShapes(inputs) }

  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    plain.reference(inputs, outputs, step)
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    // Windows that end behind the padding count fewer cells.
    if kind == .averageWithPadding, window.ceilMode { return plain.compute(inputs, outputs, run) }
    let (x, y) = (inputs[0], outputs[0])
    let kind =
      switch kind {
      case .max: ISOTACH_POOL_MAX
      case .average: ISOTACH_POOL_AVERAGE
      case .averageWithPadding: ISOTACH_POOL_AVERAGE_PADDED
      }
    let window = window
    run.parallel(over: y.shape[0] * y.shape[1] * y.shape[2], grain: blockedGrain(y.shape)) { rows in
      var shape = unsafe isotach_convolution()
      (shape.kernel_y, shape.kernel_x) = (Int64(window.kernel[0]), Int64(window.kernel[1]))
      (shape.stride_y, shape.stride_x) = (Int64(window.stride[0]), Int64(window.stride[1]))
      (shape.dilation_y, shape.dilation_x) = (Int64(window.dilation[0]), Int64(window.dilation[1]))
      (shape.before_y, shape.before_x) = (Int64(window.padsBefore[0]), Int64(window.padsBefore[1]))
      (shape.height, shape.width) = (Int64(x.shape[2]), Int64(x.shape[3]))
      (shape.out_height, shape.out_width) = (Int64(y.shape[2]), Int64(y.shape[3]))
      var (from, to) = unsafe (x.native, y.native)
      unsafe isotach_blocked_pool(
        CInt(kind), &shape, &from, &to, Int64(rows.lowerBound), Int64(rows.upperBound))
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { plain.cost(inputs, outputs) }
}

/// The mean or the largest number of each channel of blocked values: [blocks, images, 1, 1, 16].
struct BlockedGlobalPool: Operator {
  static let name = "BlockedGlobalPool"
  let isMaximum: Bool
  var detail: String { isMaximum ? "maximum" : "mean" }

  private var plain: any Operator {
    isMaximum
      ? ReduceMax(axes: [2, 3], keepsDimensions: true) : ReduceMean(axes: [2, 3], keepsDimensions: true)
  }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { try plain.outputShapes(inputs) }

  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    plain.reference(inputs, outputs, step)
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let kind = isMaximum ? ISOTACH_POOL_MAX : ISOTACH_POOL_AVERAGE
    let plane = max(1, x.shape[2] * x.shape[3] * Lanes.width)
    run.parallel(over: x.shape[0] * x.shape[1], grain: max(1, 16384 / plane)) { planes in
      var (from, to) = unsafe (x.native, y.native)
      unsafe isotach_blocked_global_pool(
        CInt(kind), &from, &to, Int64(planes.lowerBound), Int64(planes.upperBound))
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { plain.cost(inputs, outputs) }
}
