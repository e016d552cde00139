import Tensors

/// Batch normalisation with the statistics of the batch itself, for training.
///
/// Inputs: x [batch, channels, space...], scale, bias, running mean, running variance [channels]. Outputs:
/// 0. y = scale (x - mean) / sqrt(variance + epsilon) + bias, variance over n;
/// 1. mean and 2. 1 / sqrt(variance + epsilon) of the batch, for the gradient;
/// 3. and 4. new running mean and variance, which the caller registers as updates: (1 - momentum) old + momentum
/// batch, variance over n - 1 (PyTorch's conventions; no gradient goes through them).
public struct BatchNormalizationTraining: TakesActivation {
  public static let name = "BatchNormalizationTraining"
  public let epsilon: Double
  public var activation: Activation?
  public let momentum: Double

  public init(epsilon: Double = 1e-5, momentum: Double = 0.1) {
    (self.epsilon, self.momentum) = (epsilon, momentum)
  }
  public var detail: String { detail("epsilon \(epsilon), momentum \(momentum)") }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(5)
    try inputs[0].expectChannels(inputs[1...], epsilon: epsilon)
    guard (0...1).contains(momentum) else {
      throw OperatorError("the momentum must be 0 to 1, found \(momentum)")
    }
    guard ChannelLayout(inputs[0]).count > 1 else {
      throw OperatorError(
        "a batch of \(inputs[0]) has no more than one number for each channel: no variance to train with")
    }
    return [inputs[0]] + inputs[1...4].map { $0 }
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let layout = ChannelLayout(inputs[0].shape)
    for channel in 0..<layout.channels {
      var sum = 0.0
      layout.forEach(channel) { sum += Double(inputs[0][$0]) }
      let mean = sum / Double(layout.count)
      var squares = 0.0
      layout.forEach(channel) {
        let deviation = Double(inputs[0][$0]) - mean
        squares += deviation * deviation
      }
      let inverse = record(channel, mean, squares, layout.count, inputs, outputs)
      let (scale, bias) = (Double(inputs[1][channel]), Double(inputs[2][channel]))
      layout.forEach(channel) {
        outputs[0][$0] = T((Double(inputs[0][$0]) - mean) * inverse * scale + bias)
      }
    }
    activation?.reference(outputs[0])
  }

  /// Writes the statistics; returns 1 / sqrt(variance + epsilon).
  func record<T: Real>(
    _ channel: Int, _ mean: Double, _ squares: Double, _ count: Int, _ inputs: [Operand<T>],
    _ outputs: [Operand<T>]
  ) -> Double {
    let inverse = 1 / (squares / Double(count) + epsilon).squareRoot()
    outputs[1][channel] = T(mean)
    outputs[2][channel] = T(inverse)
    outputs[3][channel] = T((1 - momentum) * Double(inputs[3][channel]) + momentum * mean)
    outputs[4][channel] = T(
      (1 - momentum) * Double(inputs[4][channel]) + momentum * squares / Double(count - 1))
    return inverse
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let layout = ChannelLayout(x.shape)
    run.parallel(layout.channels) { channel in
      var sum = 0.0
      layout.forEachPlane(channel) { unsafe sum += Sums.plain(x.pointer + $0, layout.plane) }
      let mean = sum / Double(layout.count)
      var squares = 0.0
      layout.forEachPlane(channel) {
        unsafe squares += Sums.squares(x.pointer + $0, layout.plane, mean: mean)
      }
      let inverse = record(channel, mean, squares, layout.count, inputs, outputs)
      let factor = Float(Double(inputs[1][channel]) * inverse)
      layout.forEachPlane(channel) {
        unsafe ChannelLayout.scale(
          y.pointer + $0, x.pointer + $0, layout.plane, mean: Float(mean), factor: factor,
          bias: inputs[2][channel])
        unsafe activation?.apply(y.pointer + $0, layout.plane)
      }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    try expectNoActivation(call)
    guard let seed = seeds[0] else { return call.inputs.map { _ in nil } }
    let parts = try graph.apply(
      BatchNormalizationGradient(),
      [call.inputs[0], call.inputs[1], call.outputs[1], call.outputs[2], seed])
    return [parts[0], parts[1], parts[2], nil, nil]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 7 * Double(inputs[0].count))
  }
}

/// Gradients with respect to x, scale and bias; the statistics depend on x.
/// Inputs: x, scale, mean, 1 / sqrt(variance + epsilon), seed.
struct BatchNormalizationGradient: Operator {
  static let name = "BatchNormalizationGradient"
  var overlays: [Int] { [4] }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0], inputs[1], inputs[1]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let layout = ChannelLayout(inputs[0].shape)
    for channel in 0..<layout.channels {
      let (scale, mean) = (Double(inputs[1][channel]), Double(inputs[2][channel]))
      let inverse = Double(inputs[3][channel])
      var (products, sum) = (0.0, 0.0)
      layout.forEach(channel) {
        let seed = Double(inputs[4][$0])
        products += seed * (Double(inputs[0][$0]) - mean) * inverse
        sum += seed
      }
      layout.forEach(channel) {
        let normalised = (Double(inputs[0][$0]) - mean) * inverse
        outputs[0][$0] = T(
          scale * inverse * (Double(inputs[4][$0]) - (sum + normalised * products) / Double(layout.count)))
      }
      outputs[1][channel] = T(products)
      outputs[2][channel] = T(sum)
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, scale, seed, dx) = (inputs[0], inputs[1], inputs[4], outputs[0])
    let (means, inverses, dscale, dbias) = (inputs[2], inputs[3], outputs[1], outputs[2])
    let layout = ChannelLayout(x.shape)
    run.parallel(layout.channels) { channel in
      let (mean, inverse) = (means[channel], Double(inverses[channel]))
      var (products, sum) = (0.0, 0.0)
      layout.forEachPlane(channel) { start in
        unsafe sum += Sums.plain(seed.pointer + start, layout.plane)
        unsafe products += Sums.products(
          seed.pointer + start, x.pointer + start, layout.plane, mean: Double(mean))
      }
      products *= inverse
      let factor = Float(Double(scale[channel]) * inverse)
      let average = Float(sum / Double(layout.count))
      let slope = Float(products * inverse / Double(layout.count))
      layout.forEachPlane(channel) { start in
        let (to, from, values) = unsafe (dx.pointer + start, seed.pointer + start, x.pointer + start)
        for index in 0..<layout.plane {
          unsafe to[index] = factor * (from[index] - average - (values[index] - mean) * slope)
        }
      }
      dscale[channel] = Float(products)
      dbias[channel] = Float(sum)
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 9 * Double(inputs[0].count))
  }
}

extension BatchNormalizationTraining {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    nil
  }
}
