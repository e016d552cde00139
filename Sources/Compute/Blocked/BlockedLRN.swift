import Kernels
import Tensors

/// `LRN` of blocked values whose lanes behind the last channel hold zeros.
struct BlockedLRN: Operator {
  static let name = "BlockedLRN"
  let lrn: LRN
  let channels: Int

  /// - Returns: nil where the kernel cannot: windows that are not around the channel, or of more than 32 channels.
  init?(_ lrn: LRN, channels: Int) {
    guard (1...32).contains(lrn.size), lrn.before == (lrn.size - 1) / 2 else { return nil }
    (self.lrn, self.channels) = (lrn, channels)
  }

  var detail: String { lrn.detail }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    _ = try lrn.outputShapes([try inputs[0].fromBlocks(Lanes(channels: channels))])
    return inputs
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    inputs[0].throughPlain(Lanes(channels: channels), outputs[0]) { lrn.reference([$0], [$1], step) }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y, lrn) = (inputs[0], outputs[0], lrn)
    run.parallel(over: y.shape[0] * y.shape[1] * y.shape[2], grain: blockedGrain(y.shape)) { rows in
      var (from, to) = unsafe (x.native, y.native)
      _ = unsafe isotach_blocked_lrn(
        Int64(lrn.size), Float(lrn.alpha), Float(lrn.beta), Float(lrn.bias), &from, &to,
        Int64(rows.lowerBound), Int64(rows.upperBound))
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { lrn.cost(inputs, outputs) }
}
