import Kernels
import Tensors

/// An operator on images that can make some rows of its result by themselves, with the same bits as all at once.
protocol RowsOperator: Operator {
  /// The rows of the input 0 that rows of the result are made of; not cut at the borders.
  func sourceRows(of rows: Range<Int>) -> Range<Int>
  /// The rows of a call must begin at a multiple of this.
  var rowAlignment: Int { get }
  /// Of the first output, of one image. `x` and `y` are one image of the input and of the result; `others` the other
  /// inputs.
  func compute(
    rows: Range<Int>, _ x: NativeValue, _ others: [Operand<Float>], _ y: NativeValue, _ run: RunContext)
  /// Of a call for so many rows.
  func workspaceBytes(rows: Range<Int>, threads: Int) -> Int
}

/// A blocked or a plain value, or an image of it, for the kernels. It does not hold the memory.
@safe struct NativeValue: @unchecked Sendable {
  /// Of a blocked value; `data` is that of row 0, whether it is there or not.
  var blocked: isotach_blocked
  /// Of a plain value.
  let plain: UnsafeMutablePointer<Float>
  /// Numbers of a plain value from one image, and one channel, to the next.
  let imageStep: Int
  let planeStep: Int

  init(_ operand: Operand<Float>) {
    unsafe plain = operand.pointer
    imageStep = operand.count / max(1, operand.shape[0])
    planeStep = operand.shape.rank == 4 ? operand.shape[2] * operand.shape[3] : 0
    unsafe blocked = operand.shape.rank == 5 ? operand.native : isotach_blocked()
  }

  private init(
    _ blocked: isotach_blocked, _ plain: UnsafeMutablePointer<Float>, _ imageStep: Int, _ planeStep: Int
  ) {
    unsafe (self.blocked, self.plain) = (blocked, plain)
    (self.imageStep, self.planeStep) = (imageStep, planeStep)
  }

  /// Rows `first...` of an image of `shape`, which lie from `memory` on, `held` rows of each block.
  init(_ memory: UnsafeMutablePointer<Float>, blocks: Int, shape: Shape, first: Int, held: Int) {
    let row = shape[3] * Lanes.width
    var value = unsafe isotach_blocked_make(
      memory, Int64(blocks), 1, Int64(shape[2]), Int64(shape[3]), 0, 0)
    unsafe value.block_step = Int64(held * row)
    unsafe value.image_step = Int64(held * row)
    // (May point before the memory: rows above `first` are never looked at.)
    unsafe value.data = memory - first * row
    unsafe self.init(value, memory, 0, 0)
  }

  /// One image of it.
  func image(_ index: Int) -> NativeValue {
    var one = unsafe blocked
    unsafe one.images = 1
    if let data = unsafe one.data { unsafe one.data = data + index * Int(one.image_step) }
    return unsafe NativeValue(one, plain + index * imageStep, imageStep, planeStep)
  }

  /// Blocks of it.
  func part(block: Int, blocks: Int) -> NativeValue {
    var whole = unsafe blocked
    return unsafe NativeValue(
      isotach_blocked_part(&whole, Int64(block), Int64(blocks)), plain, imageStep, planeStep)
  }

  /// Rows of it, as a value of their own.
  func rows(_ rows: Range<Int>, width: Int) -> NativeValue {
    var some = unsafe blocked
    if let data = unsafe some.data { unsafe some.data = data + rows.lowerBound * Int(some.row_step) }
    unsafe some.height = Int64(rows.count)
    return unsafe NativeValue(some, plain + rows.lowerBound * width, imageStep, planeStep)
  }
}

extension BlockedConv: RowsOperator {
  /// Whether rows can be computed by themselves.
  var isByRows: Bool {
    !hasResidual && maskSlope == nil && convolution.way != .plain
      && (activation == nil || activation?.inKernel != nil)
  }

  func sourceRows(of rows: Range<Int>) -> Range<Int> {
    let window = convolution.plan.window
    let (kernel, stride, dilation, before) = (
      window.kernel[1], window.stride[1], window.dilation[1], window.before[1]
    )
    if convolution.way.isTransposed {
      // Of y[i * stride + k - before].
      let (low, high) = (rows.lowerBound + before - kernel + 1, rows.upperBound - 1 + before)
      return (low >= 0 ? (low + stride - 1) / stride : -((-low) / stride))..<high / stride + 1
    }
    let reach = dilation * (kernel - 1)
    if convolution.isAdjoint {
      return rows.lowerBound - (reach - before)..<rows.upperBound + before
    }
    return rows.lowerBound * stride - before..<(rows.upperBound - 1) * stride - before + reach + 1
  }

  var rowAlignment: Int {
    switch convolution.way {
    case .winograd2: 2
    case .winograd4: 4
    case .winograd6: 6
    case .transposed, .roundedTransposed: convolution.plan.window.stride[1]
    case .direct, .rounded, .first, .last, .plain, .depthwise: 1
    }
  }

  func compute(
    rows: Range<Int>, _ x: NativeValue, _ others: [Operand<Float>], _ y: NativeValue, _ run: RunContext
  ) {
    let packed = others[0]
    let width = convolution.isAdjoint ? convolution.plan.window.input[2] : convolution.plan.window.output[2]
    let target = y.rows(rows, width: width)
    _ = convolution.withNative(rows: rows) { native in
      native.runAll(run) { phase, piece, shared, scratch in
        unsafe native.run(
          phase: phase, piece: piece, x, packed.pointer, activation?.inKernel, residual: nil, mask: nil,
          target,
          shared: shared, scratch: scratch)
      }
    }
  }

  func workspaceBytes(rows: Range<Int>, threads: Int) -> Int {
    convolution.withNative(rows: rows) { $0.sharedBytes + threads * $0.scratchBytes } ?? 0
  }
}

extension BlockedPool: RowsOperator {
  var isByRows: Bool { !window.ceilMode || kind == .max }
  var rowAlignment: Int { 1 }

  func sourceRows(of rows: Range<Int>) -> Range<Int> {
    let (kernel, stride, dilation) = (window.kernel[0], window.stride[0], window.dilation[0])
    let first = rows.lowerBound * stride - window.padsBefore[0]
    return first..<first + (rows.count - 1) * stride + dilation * (kernel - 1) + 1
  }

  func compute(
    rows: Range<Int>, _ x: NativeValue, _ others: [Operand<Float>], _ y: NativeValue, _ run: RunContext
  ) {
    let (kind, window) = (kind.native, window)
    let target = y.rows(rows, width: 0)
    let width = Int(unsafe y.blocked.width)
    run.parallel(
      over: Int(unsafe y.blocked.blocks) * rows.count, grain: max(1, 16384 / max(1, width * Lanes.width))
    ) { piece in
      var (from, to) = unsafe (x.blocked, target.blocked)
      var shape = unsafe isotach_convolution()
      (shape.kernel_y, shape.kernel_x) = (Int64(window.kernel[0]), Int64(window.kernel[1]))
      (shape.stride_y, shape.stride_x) = (Int64(window.stride[0]), Int64(window.stride[1]))
      (shape.dilation_y, shape.dilation_x) = (Int64(window.dilation[0]), Int64(window.dilation[1]))
      shape.before_y = Int64(window.padsBefore[0] - rows.lowerBound * window.stride[0])
      shape.before_x = Int64(window.padsBefore[1])
      unsafe (shape.height, shape.width) = (from.height, from.width)
      unsafe (shape.out_height, shape.out_width) = (to.height, to.width)
      unsafe isotach_blocked_pool(
        kind, &shape, &from, &to, Int64(piece.lowerBound), Int64(piece.upperBound))
    }
  }

  func workspaceBytes(rows: Range<Int>, threads: Int) -> Int { 0 }
}
