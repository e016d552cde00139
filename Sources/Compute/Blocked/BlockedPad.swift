import Kernels
import Tensors

/// `Pad` of rows and columns of blocked values by as much on both sides of each: a copy with a halo, which is then
/// filled.
struct BlockedPad: Operator {
  static let name = "BlockedPad"
  /// Over all five dimensions.
  let pad: Pad

  /// - Returns: nil when images or channels are padded, sides differ, or numbers other than 0 are put.
  init?(_ pad: Pad) {
    guard pad.axes.count == 4, pad.axes[0] == .none, pad.axes[1] == .none, pad.value == 0,
      pad.axes[2...].allSatisfy({ $0.before == $0.after && $0.before >= 0 })
    else { return nil }
    self.pad = Pad([.none, .none, pad.axes[2], pad.axes[3], .none])
  }

  var detail: String { pad.detail }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { try pad.outputShapes(inputs) }

  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    pad.reference(inputs, outputs, step)
  }

  private func kind(_ axis: Pad.Axis) -> CInt {
    switch axis.mode {
    case .constant: CInt(ISOTACH_HALO_ZERO)
    case .replicate: CInt(ISOTACH_HALO_REPLICATE)
    case .reflect: CInt(ISOTACH_HALO_REFLECT)
    case .periodic: CInt(ISOTACH_HALO_CIRCULAR)
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let (rows, columns) = (pad.axes[2], pad.axes[3])
    // The other side of the image may be further away than it is wide.
    guard rows.mode != .periodic || rows.before <= x.shape[2],
      columns.mode != .periodic || columns.before <= x.shape[3]
    else { return pad.compute(inputs, outputs, run) }
    let (kindY, kindX, height) = (kind(rows), kind(columns), x.shape[2])
    let plane = max(1, y.shape[2] * y.shape[3] * Lanes.width)
    run.parallel(over: x.shape[0] * x.shape[1], grain: max(1, 16384 / plane)) { planes in
      var from = unsafe x.native
      var to = unsafe isotach_blocked_make(
        y.pointer, from.blocks, from.images, from.height, from.width, Int64(rows.before),
        Int64(columns.before))
      unsafe isotach_blocked_copy(
        &from, &to, Int64(planes.lowerBound * height), Int64(planes.upperBound * height))
      unsafe isotach_blocked_fill_halo(
        &to, kindY, kindX, Int64(planes.lowerBound), Int64(planes.upperBound))
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { pad.cost(inputs, outputs) }
}
