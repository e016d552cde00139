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
    let kind = kind.native
    let window = window
    run.parallel(over: y.shape[0] * y.shape[1] * y.shape[2], grain: blockedGrain(y.shape)) { rows in
      var shape = unsafe window.native(x.shape, y.shape)
      var (from, to) = unsafe (x.native, y.native)
      unsafe isotach_blocked_pool(
        kind, &shape, &from, &to, Int64(rows.lowerBound), Int64(rows.upperBound))
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

/// The gradient of `BlockedPool`. Inputs: what was pooled (of a maximum alone), seed.
struct BlockedPoolGradient: Operator {
  static let name = "BlockedPoolGradient"
  let kind: BlockedPool.Kind
  let window: PoolWindow
  /// Of what was pooled, and its channels.
  let input: Shape
  let lanes: Lanes

  /// - Returns: nil where the kernel cannot.
  init?(_ kind: BlockedPool.Kind, _ window: PoolWindow, input: Shape, lanes: Lanes) {
    guard window.kernel.count == 2, kind != .averageWithPadding || !window.ceilMode else { return nil }
    (self.kind, self.window, self.input, self.lanes) = (kind, window, input, lanes)
  }

  var detail: String { "\(kind == .max ? "maximum" : "mean"), \(window)" }

  private var plain: any Operator {
    kind == .max
      ? MaxPoolGradient(window)
      : AveragePoolGradient(AveragePool(window, countIncludesPadding: kind == .averageWithPadding), input)
  }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, kind == .max ? 2 : 1)
    let shape = try input.inBlocks(lanes)
    guard let seed = inputs.last, seed == (try window.outputShape(input).inBlocks(lanes)),
      kind != .max || inputs[0] == shape
    else { throw OperatorError("the seed \(inputs.last ?? .scalar) does not belong to \(shape)") }
    return [shape]
  }

  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let last = inputs.last, let seedShape = try? last.shape.fromBlocks(lanes) else { return }
    var seed = [T](repeating: 0, count: seedShape.count)
    last.forEachChannel(lanes) { seed[$0] = last[$1] }
    unsafe seed.withUnsafeMutableBufferPointer { numbers in
      let plainSeed = unsafe Operand(seedShape, numbers)
      // The result's shape; for a maximum also what was pooled.
      let source = kind == .max ? inputs[0] : outputs[0]
      if kind != .max { outputs[0].fill(0) }
      source.throughPlain(lanes, outputs[0]) { x, dx in
        plain.reference(kind == .max ? [x, plainSeed] : [plainSeed], [dx], step)
      }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let seed = inputs.last else { return }
    let (x, dx) = (inputs[0], outputs[0])
    let kind = kind.native
    let window = window
    let plane = max(1, dx.shape[2] * dx.shape[3] * Lanes.width)
    run.parallel(over: dx.shape[0] * dx.shape[1], grain: max(1, 16384 / plane)) { planes in
      var shape = unsafe window.native(dx.shape, seed.shape)
      var (from, given, to) = unsafe (x.native, seed.native, dx.native)
      unsafe isotach_blocked_pool_gradient(
        kind, &shape, &from, &given, &to, Int64(planes.lowerBound), Int64(planes.upperBound))
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(outputs[0].count) * 2)
  }
}

extension BlockedPool.Kind {
  var native: CInt {
    switch self {
    case .max: CInt(ISOTACH_POOL_MAX)
    case .average: CInt(ISOTACH_POOL_AVERAGE)
    case .averageWithPadding: CInt(ISOTACH_POOL_AVERAGE_PADDED)
    }
  }
}

extension PoolWindow {
  /// For the kernels, between blocked values of these shapes.
  func native(_ input: Shape, _ output: Shape) -> isotach_convolution {
    var shape = unsafe isotach_convolution()
    (shape.kernel_y, shape.kernel_x) = (Int64(kernel[0]), Int64(kernel[1]))
    (shape.stride_y, shape.stride_x) = (Int64(stride[0]), Int64(stride[1]))
    (shape.dilation_y, shape.dilation_x) = (Int64(dilation[0]), Int64(dilation[1]))
    (shape.before_y, shape.before_x) = (Int64(padsBefore[0]), Int64(padsBefore[1]))
    (shape.height, shape.width) = (Int64(input[2]), Int64(input[3]))
    (shape.out_height, shape.out_width) = (Int64(output[2]), Int64(output[3]))
    return unsafe shape
  }
}
