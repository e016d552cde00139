import Tensors

/// `BatchNormalizationTraining` of a blocked x; statistics, scale and bias are plain.
struct BlockedBatchNormalizationTraining: Operator {
  static let name = "BlockedBatchNormalizationTraining"
  let plain: BatchNormalizationTraining
  let channels: Int
  private var lanes: Lanes { Lanes(channels: channels) }

  init(_ plain: BatchNormalizationTraining, channels: Int) { (self.plain, self.channels) = (plain, channels) }
  var detail: String { plain.detail }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 5)
    let shapes = try plain.outputShapes([try inputs[0].fromBlocks(lanes)] + inputs[1...])
    return [inputs[0]] + shapes[1...]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    inputs[0].throughPlain(lanes, outputs[0]) { x, y in
      plain.reference([x] + inputs[1...], [y] + outputs[1...], step)
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let sums = LaneSums(x.shape)
    let (width, count) = (sums.width, Double(max(1, sums.pixels)))
    let total = sums.sums(run) { _, start in
      var sum = SIMD16<Float>.zero
      for index in stride(from: start, to: start + width, by: Lanes.width) {
        unsafe sum += x.pointer.pixel(index)
      }
      return sum
    }
    let means = total.map { $0 / count }
    let shifts = means.map { SIMD16<Float>($0) }
    let squares = sums.sums(run) { block, start in
      var sum = SIMD16<Float>.zero
      let mean = shifts[block]
      for index in stride(from: start, to: start + width, by: Lanes.width) {
        let deviation = unsafe x.pointer.pixel(index) - mean
        sum += deviation * deviation
      }
      return sum
    }
    var factors = [SIMD16<Float>](repeating: .zero, count: x.shape[0])
    for channel in 0..<channels {
      let (block, lane) = (channel / Lanes.width, channel % Lanes.width)
      let inverse = plain.record(
        channel, means[block][lane], squares[block][lane], sums.pixels, inputs, outputs)
      factors[block][lane] = Float(Double(inputs[1][channel]) * inverse)
    }
    let (scales, bias, activation) = (factors, inputs[2], plain.activation)
    sums.forEachRow(run) { block, start in
      let (mean, factor, added) = (shifts[block], scales[block], bias.lanes(block))
      for index in stride(from: start, to: start + width, by: Lanes.width) {
        unsafe y.pointer.store((x.pointer.pixel(index) - mean) * factor + added, at: index)
      }
      unsafe activation?.apply(y.pointer + start, width)
    }
  }

  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int { LaneSums(inputs[0]).workspaceBytes }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { plain.cost(inputs, outputs) }
}

/// `BatchNormalizationGradient` of blocked x and seed. Inputs: x, scale, mean, 1 / sqrt(variance + epsilon), seed.
struct BlockedBatchNormalizationGradient: Operator {
  static let name = "BlockedBatchNormalizationGradient"
  let channels: Int
  private var lanes: Lanes { Lanes(channels: channels) }
  var overlays: [Int] { [4] }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 5)
    _ = try inputs[0].fromBlocks(lanes)
    guard inputs[4] == inputs[0], inputs[1].extents == [channels] else {
      throw OperatorError("the seed \(inputs[4]) is not \(inputs[0])")
    }
    return [inputs[0], inputs[1], inputs[1]]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    inputs[0].throughPlain(lanes, outputs[0]) { x, dx in
      inputs[4].throughPlain(lanes, nil) { seed, _ in
        BatchNormalizationGradient().reference(
          [x, inputs[1], inputs[2], inputs[3], seed], [dx, outputs[1], outputs[2]], step)
      }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, scale, seed, dx) = (inputs[0], inputs[1], inputs[4], outputs[0])
    let sums = LaneSums(x.shape)
    let (width, count) = (sums.width, Double(max(1, sums.pixels)))
    let means = (0..<x.shape[0]).map { inputs[2].lanes($0) }
    let seeds = sums.sums(run) { _, start in
      var sum = SIMD16<Float>.zero
      for index in stride(from: start, to: start + width, by: Lanes.width) {
        unsafe sum += seed.pointer.pixel(index)
      }
      return sum
    }
    let products = sums.sums(run) { block, start in
      var sum = SIMD16<Float>.zero
      let mean = means[block]
      for index in stride(from: start, to: start + width, by: Lanes.width) {
        unsafe sum += seed.pointer.pixel(index) * (x.pointer.pixel(index) - mean)
      }
      return sum
    }
    let zeros = [SIMD16<Float>](repeating: .zero, count: x.shape[0])
    var (factors, averages, slopes) = (zeros, zeros, zeros)
    for channel in 0..<channels {
      let (block, lane) = (channel / Lanes.width, channel % Lanes.width)
      let inverse = Double(inputs[3][channel])
      let product = products[block][lane] * inverse
      factors[block][lane] = Float(Double(scale[channel]) * inverse)
      averages[block][lane] = Float(seeds[block][lane] / count)
      slopes[block][lane] = Float(product * inverse / count)
      outputs[1][channel] = Float(product)
      outputs[2][channel] = Float(seeds[block][lane])
    }
    let numbers = (factors, averages, slopes)
    sums.forEachRow(run) { block, start in
      let (factor, average, slope, mean) = (
        numbers.0[block], numbers.1[block], numbers.2[block], means[block]
      )
      for index in stride(from: start, to: start + width, by: Lanes.width) {
        let deviation = unsafe x.pointer.pixel(index) - mean
        unsafe dx.pointer.store(
          factor * (seed.pointer.pixel(index) - average - deviation * slope), at: index)
      }
    }
  }

  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int { LaneSums(inputs[0]).workspaceBytes }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 9 * Double(inputs[0].count)) }
}

extension Operand {
  /// Calls `body` with a plain copy of this blocked value and, for a blocked result, a plain one that is put into
  /// blocks afterwards; the lanes without a channel become 0.
  func throughPlain(_ lanes: Lanes, _ result: Operand<T>?, _ body: (Operand<T>, Operand<T>) -> Void) {
    guard let shape = try? shape.fromBlocks(lanes),
      let target = try? result?.shape.fromBlocks(lanes) ?? Shape([0])
    else { return }
    var (x, y) = ([T](repeating: 0, count: shape.count), [T](repeating: 0, count: target.count))
    forEachChannel(lanes) { x[$0] = self[$1] }
    unsafe x.withUnsafeMutableBufferPointer { from in
      unsafe y.withUnsafeMutableBufferPointer { to in
        unsafe body(Operand(shape, from), Operand(target, to))
      }
    }
    guard let result else { return }
    result.fill(0)
    result.forEachChannel(lanes) { result[$1] = y[$0] }
  }
}
