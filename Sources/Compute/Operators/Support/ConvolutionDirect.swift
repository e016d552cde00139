import Kernels
import Tensors

/// Convolutions with stride 1 without columns (see `direct.h`). The pieces follow from the shapes alone.
struct ConvolutionDirect {
  let plan: ConvolutionPlan
  private let native: isotach_direct
  /// Computes the adjoint: `native` is then the convolution with the turned kernel.
  private let isTurned: Bool

  /// - Returns: nil when this way cannot compute it, or not well.
  init?(_ plan: ConvolutionPlan, isTurned: Bool = false) {
    // Without neighbours it is a product of matrices, and nothing is won.
    guard plan.window.kernelCount > 1, plan.batch > 0 else { return nil }
    let window = isTurned ? plan.window.turned : plan.window
    var native = isotach_direct()
    var shape = window.native
    let (channels, filters) = isTurned ? (plan.filters, plan.channels) : (plan.channels, plan.filters)
    guard window.stride == [1, 1, 1], plan.window.stride == [1, 1, 1],
      isotach_direct_plan(&shape, Int64(plan.batch), Int64(channels), Int64(filters), &native) == 1
    else { return nil }
    self.plan = plan
    self.native = native
    self.isTurned = isTurned
  }

  private func aligned(_ floats: Int64) -> Int { (Int(floats) * 4 + 63) / 64 * 64 }
  private var packedBytes: Int {
    var native = native
    return aligned(isotach_direct_packed(&native))
  }
  private var scratchBytes: Int {
    var native = native
    return aligned(isotach_direct_scratch(&native))
  }

  /// Filters that are packed at a time.
  private static let packedFilters = 64

  func workspace(threads: Int) -> Int { plan.groups * packedBytes + threads * scratchBytes }

  /// y from x, or with `isTurned` x from y.
  func run(
    _ source: Operand<Float>, _ w: Operand<Float>, bias: Operand<Float>?, _ target: Operand<Float>,
    _ run: RunContext, activation: Activation? = nil
  ) {
    var shape = native
    let pieces = Int(isotach_direct_pieces(&shape))
    let (groups, native, isTurned) = (plan.groups, native, isTurned)
    let (packedBytes, scratchBytes) = (packedBytes, scratchBytes)
    let weightCount = plan.filters * plan.channels * plan.window.kernelCount
    let (sourceSize, targetSize) =
      isTurned
      ? (plan.filters * plan.window.outputCount, plan.channels * plan.window.inputCount)
      : (plan.channels * plan.window.inputCount, plan.filters * plan.window.outputCount)
    let filters = Int(native.filters)
    let chunks = (filters + Self.packedFilters - 1) / Self.packedFilters
    run.parallel(groups * chunks) { piece in
      guard let base = run.workspace.baseAddress else { return }
      let (group, first) = (piece / chunks, piece % chunks * Self.packedFilters)
      var native = native
      isotach_direct_pack(
        &native, isTurned ? 1 : 0, Int64(first), Int64(min(filters, first + Self.packedFilters)),
        w.pointer + group * weightCount, (base + group * packedBytes).assumingMemoryBound(to: Float.self))
    }
    run.parallel(groups * pieces) { piece, worker in
      guard let base = run.workspace.baseAddress else { return }
      let group = piece / pieces
      var native = native
      isotach_direct_run(
        &native, Int64(piece % pieces), source.pointer + group * sourceSize, Int64(groups * sourceSize),
        (base + group * packedBytes).assumingMemoryBound(to: Float.self),
        bias.map { UnsafePointer($0.pointer + group * Int(native.filters)) },
        target.pointer + group * targetSize, Int64(groups * targetSize),
        (base + groups * packedBytes + worker * scratchBytes).assumingMemoryBound(to: Float.self))
    }
    guard let activation else { return }
    run.parallel(over: target.count, grain: 16384) {
      activation.apply(target.pointer + $0.lowerBound, $0.count)
    }
  }
}

/// The gradient of the weights of such convolutions: small weights are summed by several parts, each over some
/// ranges of rows, and the parts added in order; the filters of large ones are shared out.
struct ConvolutionDirectWeightGradient {
  let plan: ConvolutionPlan
  private let native: isotach_direct_gradient
  private let sumCount: Int
  private let scratchBytes: Int
  private let parts: Int
  private let rangeFilters: Int

  init?(_ plan: ConvolutionPlan) {
    guard plan.window.kernelCount > 1, plan.batch > 0, plan.window.stride == [1, 1, 1] else { return nil }
    var native = isotach_direct_gradient()
    var shape = plan.window.native
    guard
      isotach_direct_gradient_plan(
        &shape, Int64(plan.batch), Int64(plan.channels), Int64(plan.filters), &native) == 1
    else { return nil }
    self.plan = plan
    self.native = native
    sumCount = (Int(isotach_direct_gradient_sums(&native)) + 15) / 16 * 16
    scratchBytes = (Int(isotach_direct_gradient_scratch(&native)) * 4 + 63) / 64 * 64
    // Parts cost memory; ranges of filters turn the whole input each.
    let isSummedInParts = sumCount <= 256 << 10
    parts = isSummedInParts ? min(sumCount <= 64 << 10 ? 8 : 4, Int(native.base.row_pieces)) : 1
    let ranges = isSummedInParts ? 1 : min(8, max(1, plan.filters / 64))
    rangeFilters = ((plan.filters + ranges - 1) / ranges + 7) / 8 * 8
  }

  func workspace(threads: Int) -> Int { plan.groups * parts * sumCount * 4 + threads * scratchBytes }

  func run(_ x: Operand<Float>, _ y: Operand<Float>, _ w: Operand<Float>, _ run: RunContext) {
    let (groups, filters, native) = (plan.groups, plan.filters, native)
    let (inner, outer) = (plan.channels * plan.window.inputCount, filters * plan.window.outputCount)
    let weightCount = filters * plan.channels * plan.window.kernelCount
    let (parts, sumCount, scratchBytes, rangeFilters) = (parts, sumCount, scratchBytes, rangeFilters)
    let ranges = (filters + rangeFilters - 1) / rangeFilters
    let rowPieces = Int(native.base.row_pieces)
    let groupBytes = parts * sumCount * 4
    run.parallel(groups * parts * ranges) { piece, worker in
      guard let base = run.workspace.baseAddress else { return }
      let group = piece / (parts * ranges)
      let (part, range) = (piece / ranges % parts, piece % ranges)
      var native = native
      isotach_direct_gradient_run(
        &native, Int64(rowPieces * part / parts), Int64(rowPieces * (part + 1) / parts),
        Int64(range * rangeFilters), Int64(min(filters, (range + 1) * rangeFilters)),
        x.pointer + group * inner, Int64(groups * inner), y.pointer + group * outer, Int64(groups * outer),
        (base + group * groupBytes + part * sumCount * 4).assumingMemoryBound(to: Float.self),
        (base + groups * groupBytes + worker * scratchBytes).assumingMemoryBound(to: Float.self))
    }
    let step = max(1, 4096 / max(1, weightCount / filters))
    let steps = (filters + step - 1) / step
    run.parallel(groups * steps) { piece in
      guard let base = run.workspace.baseAddress else { return }
      let (group, first) = (piece / steps, piece % steps * step)
      var native = native
      isotach_direct_gradient_finish(
        &native, Int64(parts), (base + group * groupBytes).assumingMemoryBound(to: Float.self), Int64(first),
        Int64(min(filters, first + step)), w.pointer + group * weightCount)
    }
  }
}

extension ConvolutionWindow {
  /// The window of the adjoint of a convolution with stride 1, whose kernel is turned.
  var turned: ConvolutionWindow {
    var window = self
    (window.input, window.output) = (output, input)
    for dimension in 0..<3 {
      window.before[dimension] = dilation[dimension] * (kernel[dimension] - 1) - before[dimension]
    }
    return window
  }
}
