import Tensors

/// Batch normalisation with given statistics (Ioffe and Szegedy 2015): scale (x - mean) / sqrt(variance + epsilon)
/// + bias for each channel, as networks are applied after training.
///
/// Inputs: x [batch, channels, space...], scale, bias, mean, variance [channels]. Output: as x.
public struct BatchNormalization: TakesActivation {
  public static let name = "BatchNormalization"
  public let epsilon: Double
  public var activation: Activation?
  public init(epsilon: Double = 1e-5) { self.epsilon = epsilon }
  public var detail: String { detail("epsilon \(epsilon)") }
  public var overlays: [Int] { [0] }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(5)
    try inputs[0].expectChannels(inputs[1...], epsilon: epsilon)
    return [inputs[0]]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let layout = ChannelLayout(inputs[0].shape)
    for channel in 0..<layout.channels {
      let inverse = 1 / (inputs[4][channel] + T(epsilon)).squareRoot()
      let (scale, bias, mean) = (inputs[1][channel], inputs[2][channel], inputs[3][channel])
      layout.forEach(channel) {
        outputs[0][$0] = (inputs[0][$0] - mean) * inverse * scale + bias
      }
    }
    activation?.reference(outputs[0])
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, scale, bias, mean, variance) = (inputs[0], inputs[1], inputs[2], inputs[3], inputs[4])
    let target = outputs[0]
    let layout = ChannelLayout(x.shape)
    run.parallel(over: layout.planes, grain: layout.grain) { planes in
      for plane in planes {
        let channel = plane % layout.channels
        let factor = Float(Double(scale[channel]) / (Double(variance[channel]) + epsilon).squareRoot())
        unsafe ChannelLayout.scale(
          target.pointer + plane * layout.plane, x.pointer + plane * layout.plane, layout.plane,
          mean: mean[channel], factor: factor, bias: bias[channel])
        unsafe activation?.apply(target.pointer + plane * layout.plane, layout.plane)
      }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    try expectNoActivation(call)
    guard let seed = seeds[0] else { return call.inputs.map { _ in nil } }
    let parts = try graph.apply(
      FixedNormalizationGradient(epsilon: epsilon),
      [call.inputs[0], call.inputs[1], call.inputs[3], call.inputs[4], seed])
    return [parts[0], parts[1], parts[2], nil, nil]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 3 * Double(inputs[0].count))
  }
}

/// Gradients with respect to x, scale and bias when the statistics are given: they are no parameters, and have
/// none. Inputs: x, scale, mean, variance, seed.
struct FixedNormalizationGradient: Operator {
  static let name = "FixedNormalizationGradient"
  let epsilon: Double

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0], inputs[1], inputs[1]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let layout = ChannelLayout(inputs[0].shape)
    for channel in 0..<layout.channels {
      let inverse = 1 / (Double(inputs[3][channel]) + epsilon).squareRoot()
      let (scale, mean) = (Double(inputs[1][channel]), Double(inputs[2][channel]))
      var (products, sum) = (0.0, 0.0)
      layout.forEach(channel) {
        let seed = Double(inputs[4][$0])
        products += seed * (Double(inputs[0][$0]) - mean)
        sum += seed
        outputs[0][$0] = T(seed * inverse * scale)
      }
      outputs[1][channel] = T(products * inverse)
      outputs[2][channel] = T(sum)
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, scale, mean, variance, seed) = (inputs[0], inputs[1], inputs[2], inputs[3], inputs[4])
    let (dx, dscale, dbias) = (outputs[0], outputs[1], outputs[2])
    let layout = ChannelLayout(x.shape)
    run.parallel(layout.channels) { channel in
      let inverse = 1 / (Double(variance[channel]) + epsilon).squareRoot()
      let factor = Float(Double(scale[channel]) * inverse)
      var (products, sum) = (0.0, 0.0)
      layout.forEachPlane(channel) { start in
        unsafe sum += Sums.plain(seed.pointer + start, layout.plane)
        unsafe products += Sums.products(
          seed.pointer + start, x.pointer + start, layout.plane, mean: Double(mean[channel]))
        let (to, from) = unsafe (dx.pointer + start, seed.pointer + start)
        for index in 0..<layout.plane { unsafe to[index] = from[index] * factor }
      }
      dscale[channel] = Float(products * inverse)
      dbias[channel] = Float(sum)
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 5 * Double(inputs[0].count))
  }
}
