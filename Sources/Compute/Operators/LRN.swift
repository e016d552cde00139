import Tensors

/// Local response normalisation (Krizhevsky et al. 2012) across channels: x / (bias + alpha / size S)^beta, where S
/// sums the squares of `size` neighbouring channels, `before` of them below the channel itself.
///
/// ONNX has `before` = (size - 1) / 2, the default; PyTorch size / 2, which differs for even sizes. The paper does
/// not divide alpha by size. Input and output [batch, channels, space...].
public struct LRN: Operator {
  public static let name = "LRN"
  public let size: Int
  public let alpha: Double
  public let beta: Double
  public let bias: Double
  public let before: Int

  public init(size: Int, alpha: Double = 1e-4, beta: Double = 0.75, bias: Double = 1, before: Int? = nil) {
    (self.size, self.alpha, self.beta, self.bias) = (size, alpha, beta, bias)
    self.before = before ?? max(0, size - 1) / 2
  }
  public var detail: String { "size \(size), alpha \(alpha), beta \(beta), bias \(bias)" }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(1)
    guard inputs[0].rank >= 2 else { throw OperatorError("needs batch and channels, found \(inputs[0])") }
    guard (1...1 << 24).contains(size), (0..<size).contains(before) else {
      throw OperatorError("the size must be at least 1 and include the channel itself, found \(size)")
    }
    guard alpha >= 0, alpha.isFinite, beta.isFinite, bias > 0, bias.isFinite else {
      throw OperatorError("alpha must not be negative and bias above 0, found \(alpha) and \(bias)")
    }
    return [inputs[0]]
  }

  /// The channels whose squares count for a channel.
  fileprivate func window(_ channel: Int, _ channels: Int) -> Range<Int> {
    max(0, channel - before)..<min(channels, channel - before + size)
  }

  /// bias + alpha / size S.
  @inline(__always)
  fileprivate func base<T: Real>(
    _ x: Operand<T>, _ sample: Int, _ channel: Int, _ layout: ChannelLayout, _ element: Int
  )
    -> T
  {
    var sum: T = 0
    for other in window(channel, layout.channels) {
      let value = x[(sample * layout.channels + other) * layout.plane + element]
      sum += value * value
    }
    return T(bias) + T(alpha / Double(size)) * sum
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let layout = ChannelLayout(inputs[0].shape)
    for sample in 0..<layout.batch {
      for channel in 0..<layout.channels {
        let start = (sample * layout.channels + channel) * layout.plane
        for element in 0..<layout.plane {
          let base = base(inputs[0], sample, channel, layout, element)
          outputs[0][start + element] = inputs[0][start + element] * T.pow(base, T(-beta))
        }
      }
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let layout = ChannelLayout(x.shape)
    run.parallel(layout.planes) { plane in
      let (sample, channel) = (plane / layout.channels, plane % layout.channels)
      let start = plane * layout.plane
      for element in 0..<layout.plane {
        y[start + element] =
          x[start + element] * power(base(x, sample, channel, layout, element))
      }
    }
  }

  /// base^-beta; square roots for the usual beta.
  @inline(__always)
  fileprivate func power(_ base: Float) -> Float {
    if beta == 0.75 {
      let root = base.squareRoot()
      return 1 / (root * root.squareRoot())
    }
    return beta == 0.5 ? 1 / base.squareRoot() : Float.pow(base, Float(-beta))
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(LRNGradient(self), call.inputs[0], seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[0].count) * Double(2 * size + 10))
  }
}

/// seed_i b_i^-beta - 2 alpha beta / size x_i sum_j seed_j x_j b_j^(-beta - 1), over the channels j in whose window i
/// is. Inputs: x, seed.
struct LRNGradient: Operator {
  static let name = "LRNGradient"
  let lrn: LRN
  init(_ lrn: LRN) { self.lrn = lrn }
  var detail: String { lrn.detail }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let layout = ChannelLayout(inputs[0].shape)
    for sample in 0..<layout.batch { one(sample, inputs, outputs[0], layout) { T.pow($0, T(-lrn.beta)) } }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let layout = ChannelLayout(inputs[0].shape)
    run.parallel(layout.batch) { sample in one(sample, inputs, outputs[0], layout) { lrn.power($0) } }
  }

  @inline(__always)
  private func one<T: Real>(
    _ sample: Int, _ inputs: [Operand<T>], _ output: Operand<T>, _ layout: ChannelLayout, _ power: (T) -> T
  ) {
    let (x, seed) = (inputs[0], inputs[1])
    let factor = T(2 * lrn.alpha * lrn.beta / Double(lrn.size))
    let first = sample * layout.channels * layout.plane
    for index in first..<first + layout.channels * layout.plane { output[index] = 0 }
    for channel in 0..<layout.channels {
      let start = first + channel * layout.plane
      for element in 0..<layout.plane {
        let base = lrn.base(x, sample, channel, layout, element)
        let power = power(base)
        let index = start + element
        output[index] += seed[index] * power
        let product = factor * seed[index] * x[index] * power / base
        for other in lrn.window(channel, layout.channels) {
          let place = first + other * layout.plane + element
          output[place] -= product * x[place]
        }
      }
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[0].count) * Double(5 * lrn.size + 12))
  }
}

extension LRN {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    dimension == 1 ? nil : output
  }
}
