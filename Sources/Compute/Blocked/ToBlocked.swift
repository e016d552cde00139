import Kernels
import Tensors

/// From [images, channels, rows, columns] to blocks of 16 channels [blocks, images, rows, columns, 16]; the lanes
/// behind the last channel become 0.
struct ToBlocked: Operator {
  static let name = "ToBlocked"

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    guard inputs[0].rank == 4 else { throw OperatorError("\(inputs[0]) is no batch of images") }
    return [try inputs[0].inBlocks(Lanes(channels: inputs[0][1]))]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    outputs[0].fill(0)
    outputs[0].forEachChannel(Lanes(channels: inputs[0].shape[1])) { outputs[0][$1] = inputs[0][$0] }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let (channels, plane) = (x.shape[1], x.shape[2] * x.shape[3])
    let rows = y.shape[0] * y.shape[1] * y.shape[2]
    run.parallel(over: rows, grain: blockedGrain(y.shape)) { piece in
      var target = y.native
      unsafe isotach_blocked_pack(
        x.pointer, Int64(channels * plane), Int64(channels), &target, Int64(piece.lowerBound),
        Int64(piece.upperBound))
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }

  func inputRange(of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape])
    -> Range<Int>?
  { nil }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}

/// From blocks back to [images, channels, rows, columns].
struct FromBlocked: Operator {
  static let name = "FromBlocked"
  let lanes: Lanes
  var detail: String { "\(lanes.description) channels" }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    return [try inputs[0].fromBlocks(lanes)]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    inputs[0].forEachChannel(lanes) { outputs[0][$0] = inputs[0][$1] }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let (channels, plane) = (lanes.channels, x.shape[2] * x.shape[3])
    for part in lanes.parts {
      let blocks = Lanes.blocks(part.channels)
      run.parallel(over: blocks * x.shape[1] * x.shape[2], grain: blockedGrain(x.shape)) { piece in
        var whole = x.native
        var source = isotach_blocked_part(&whole, Int64(part.block), Int64(blocks))
        unsafe isotach_blocked_unpack(
          &source, Int64(part.channels), y.pointer + part.channel * plane, Int64(channels * plane),
          Int64(piece.lowerBound), Int64(piece.upperBound))
      }
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }

  func inputRange(of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape])
    -> Range<Int>?
  { nil }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}

extension Operator {
  /// Gradients are made of the plain graph, before layouts are assigned.
  func noGradientInBlocks(_ call: Call) -> GraphError {
    GraphError(path: call.path, "\(Self.name) has no gradient; differentiate before passes run", shapes: [])
  }
}
