import Kernels
import Tensors

/// The kernels of one way behind one face: how work is cut, and a piece of it. Holds until the numbers of the lanes
/// that its shape points to are gone.
@safe struct NativeConvolution: @unchecked Sendable {
  private enum Kind {
    case winograd(isotach_winograd)
    case general(isotach_general)
    case first(isotach_first)
    case last(isotach_last)
    case plain(isotach_last)
    case depthwise(isotach_depthwise, rows: Int)
    case transposed(isotach_transposed)
    case rounded(isotach_bfloat16)
  }
  private let kind: Kind
  /// Numbers of packed weights, and the ranges in which they are packed.
  let packed: Int
  let packRanges: Int
  let sharedBytes: Int
  /// Of each worker.
  let scratchBytes: Int
  /// Pieces of each phase.
  let pieces: [Int]

  /// Rows of a piece of a depthwise convolution.
  private static let depthwiseRows = 16

  init?(_ shape: isotach_convolution, _ way: BlockedConvolution.Way, pools: Bool) {
    func aligned(_ floats: Int64) -> Int { (Int(floats) * 4 + 63) / 64 * 64 }
    var shape = unsafe shape
    var shared: Int64 = 0
    let (count, ranges, scratch): (Int64, Int64, Int64)
    switch way {
    case .winograd2, .winograd4, .winograd6:
      var plan = unsafe isotach_winograd()
      guard let tile = way.winogradTile,
        unsafe isotach_winograd_plan(&shape, CInt(tile), CInt(ISOTACH_WINOGRAD_AUTO), &plan) == 1
      else { return nil }
      (count, ranges) = unsafe (isotach_winograd_packed(&plan), isotach_winograd_pack_ranges(&plan))
      (shared, scratch) = unsafe (isotach_winograd_shared(&plan), isotach_winograd_scratch(&plan))
      var pieces: [Int] = []
      for phase in 0..<(unsafe isotach_winograd_phases(&plan)) {
        pieces.append(Int(unsafe isotach_winograd_pieces(&plan, phase)))
      }
      self.pieces = pieces
      kind = .winograd(plan)
    case .direct:
      var plan = unsafe isotach_general()
      guard unsafe isotach_general_plan(&shape, &plan) == 1 else { return nil }
      (count, ranges) = unsafe (isotach_general_packed(&plan), isotach_general_pack_ranges(&plan))
      scratch = unsafe isotach_general_scratch(&plan)
      pieces = [Int(unsafe isotach_general_pieces(&plan))]
      kind = .general(plan)
    case .first:
      var plan = unsafe isotach_first()
      guard unsafe isotach_first_plan(&shape, &plan) == 1 else { return nil }
      (count, ranges) = unsafe (isotach_first_packed(&plan), isotach_first_pack_ranges(&plan))
      scratch = unsafe isotach_first_scratch(&plan)
      pieces = [Int(unsafe isotach_first_pieces(&plan))]
      kind = .first(plan)
    case .last, .plain:
      var plan = unsafe isotach_last()
      let made =
        unsafe way == .plain
        ? isotach_plain_plan(&shape, pools ? 1 : 0, &plan) : isotach_last_plan(&shape, &plan)
      guard made == 1 else { return nil }
      (count, ranges) = unsafe (isotach_last_packed(&plan), isotach_last_pack_ranges(&plan))
      scratch = unsafe isotach_last_scratch(&plan)
      pieces = [Int(unsafe isotach_last_pieces(&plan))]
      kind = unsafe way == .plain ? .plain(plan) : .last(plan)
    case .depthwise:
      var plan = unsafe isotach_depthwise()
      guard unsafe isotach_depthwise_plan(&shape, &plan) == 1 else { return nil }
      (count, ranges, scratch) = (unsafe isotach_depthwise_packed(&plan), 1, 0)
      let rows = Lanes.blocks(Int(shape.filters)) * Int(shape.images * shape.out_height)
      pieces = [(rows + Self.depthwiseRows - 1) / Self.depthwiseRows]
      kind = .depthwise(plan, rows: rows)
    case .transposed:
      var plan = unsafe isotach_transposed()
      guard unsafe isotach_transposed_plan(&shape, &plan) == 1 else { return nil }
      (count, ranges) = unsafe (isotach_transposed_packed(&plan), isotach_transposed_pack_ranges(&plan))
      scratch = unsafe isotach_transposed_scratch(&plan)
      pieces = [Int(unsafe isotach_transposed_pieces(&plan))]
      kind = .transposed(plan)
    case .rounded, .roundedTransposed:
      var plan = unsafe isotach_bfloat16()
      guard
        unsafe (way == .rounded
          ? isotach_bfloat16_plan(&shape, &plan) : isotach_bfloat16_plan_transposed(&shape, &plan)) == 1
      else { return nil }
      (count, ranges) = unsafe (isotach_bfloat16_packed(&plan), isotach_bfloat16_pack_ranges(&plan))
      (shared, scratch) = unsafe (isotach_bfloat16_shared(&plan), isotach_bfloat16_scratch(&plan))
      pieces = [0, 1].map { Int(unsafe isotach_bfloat16_pieces(&plan, $0)) }
      kind = .rounded(plan)
    }
    (packed, packRanges) = (Int(count), Int(ranges))
    (sharedBytes, scratchBytes) = (aligned(shared), aligned(scratch))
  }

  /// Packs a range of the weights.
  func pack(
    _ range: Int, _ w: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?,
    _ target: UnsafeMutablePointer<Float>
  ) {
    let (first, last) = (Int64(range), Int64(range) + 1)
    switch kind {
    case .winograd(var plan): unsafe isotach_winograd_pack(&plan, w, bias, first, last, target)
    case .general(var plan): unsafe isotach_general_pack(&plan, w, bias, first, last, target)
    case .first(var plan): unsafe isotach_first_pack(&plan, w, bias, first, last, target)
    case .last(var plan), .plain(var plan): unsafe isotach_last_pack(&plan, w, bias, first, last, target)
    case .depthwise(var plan, _): unsafe isotach_depthwise_pack(&plan, w, bias, target)
    case .transposed(var plan): unsafe isotach_transposed_pack(&plan, w, bias, first, last, target)
    case .rounded(var plan): unsafe isotach_bfloat16_pack(&plan, w, bias, first, last, target)
    }
  }

  /// Computes all pieces of all phases: calls `body(phase, piece, shared, scratch)` for each.
  func runAll(
    _ run: RunContext,
    _ body: @Sendable (Int, Int, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    for (phase, pieces) in pieces.enumerated() {
      run.parallel(pieces) { piece, worker in
        guard let base = unsafe run.workspace.baseAddress else { return }
        let shared = unsafe base.assumingMemoryBound(to: Float.self)
        let scratch = unsafe (base + sharedBytes + worker * scratchBytes).assumingMemoryBound(to: Float.self)
        unsafe body(phase, piece, shared, scratch)
      }
    }
  }

  /// Computes a piece.
  func run(
    phase: Int, piece: Int, _ x: NativeValue, _ packed: UnsafePointer<Float>,
    _ activation: KernelActivation?,
    residual: Operand<Float>?, mask: Operand<Float>?, _ y: NativeValue,
    shared: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    var epilogue = unsafe isotach_epilogue()
    activation?.write(to: &epilogue)
    let part = Int64(piece)
    if case .plain(var plan) = kind {
      unsafe isotach_plain_run(
        &plan, part, x.plain, Int64(x.imageStep), packed, &epilogue,
        residual.map { UnsafePointer($0.pointer) }, y.plain, Int64(y.imageStep), scratch)
      return
    }
    if case .last(var plan) = kind {
      var from = unsafe x.blocked
      unsafe plan.plane_step = Int64(y.planeStep)
      unsafe isotach_last_run(
        &plan, part, &from, packed, &epilogue, residual.map { UnsafePointer($0.pointer) }, y.plain,
        Int64(y.imageStep), scratch)
      return
    }
    var to = unsafe y.blocked
    var added = unsafe residual?.native ?? isotach_blocked()
    var gate = unsafe mask?.native ?? isotach_blocked()
    unsafe withUnsafePointer(to: &added) { added in
      unsafe withUnsafePointer(to: &gate) { gate in
        if residual != nil { unsafe epilogue.residual = added }
        if mask != nil { unsafe epilogue.mask = gate }
        if case .first(var plan) = kind {
          unsafe isotach_first_run(
            &plan, part, x.plain, Int64(x.imageStep), packed, &epilogue, &to, scratch)
          return
        }
        var from = unsafe x.blocked
        switch kind {
        case .winograd(var plan):
          unsafe isotach_winograd_run(
            &plan, Int64(phase), part, &from, packed, &epilogue, &to, shared, scratch)
        case .general(var plan):
          unsafe isotach_general_run(&plan, part, &from, packed, &epilogue, &to, scratch)
        case .depthwise(var plan, let rows):
          let first = piece * Self.depthwiseRows
          unsafe isotach_depthwise_run(
            &plan, Int64(first), Int64(min(rows, first + Self.depthwiseRows)), &from, packed, &epilogue, &to)
        case .transposed(var plan):
          unsafe isotach_transposed_run(&plan, part, &from, packed, &epilogue, &to, scratch)
        case .rounded(var plan):
          unsafe isotach_bfloat16_run(
            &plan, Int64(phase), part, &from, packed, &epilogue, &to, shared, scratch)
        case .first, .last, .plain: break
        }
      }
    }
  }
}

/// An activation that the kernels apply before they store a number.
struct KernelActivation: Sendable, Hashable {
  let kind: Int
  var slope: Float = 0
  var low: Float = 0
  var high: Float = 0

  func write(to epilogue: inout isotach_epilogue) {
    unsafe epilogue.activation = Int32(kind)
    unsafe epilogue.slope = slope
    unsafe (epilogue.low, epilogue.high) = (low, high)
  }
}

extension Activation {
  /// nil when it needs a pass of its own.
  var inKernel: KernelActivation? {
    switch op {
    case is Relu: KernelActivation(kind: ISOTACH_RELU)
    case let leaky as LeakyRelu: KernelActivation(kind: ISOTACH_LEAKY, slope: Float(leaky.slope))
    case let clip as Clip:
      KernelActivation(kind: ISOTACH_CLIP, low: Float(clip.low), high: Float(clip.high))
    default: nil
    }
  }
}
