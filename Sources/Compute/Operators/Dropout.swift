import Tensors

/// Sets numbers to 0 at random with a probability p and multiplies the others by 1 / (1 - p) (Srivastava et al. 2014);
/// for training only, networks are applied without it.
///
/// `spatial` drops whole channels of a sample (Tompson et al. 2015; [batch, channels, space...]). The mask is a
/// function of the run's seed and step and of `stream`, the node's own number: the same forward, for the gradient and
/// for any threads. Two layers must not have the same stream.
public struct Dropout: Operator {
  public static let name = "Dropout"
  public let probability: Double
  public let stream: UInt32
  public let spatial: Bool

  public init(_ probability: Double = 0.5, stream: UInt32, spatial: Bool = false) {
    (self.probability, self.stream, self.spatial) = (probability, stream, spatial)
  }
  public var detail: String {
    "p \(probability)" + (spatial ? ", whole channels" : "") + ", stream \(stream)"
  }
  public var overlays: [Int] { [0] }
  public var isRandom: Bool { true }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(1)
    guard (0...1).contains(probability) else {
      throw OperatorError("the probability must be 0 to 1, found \(probability)")
    }
    guard !spatial || inputs[0].rank >= 3 else {
      throw OperatorError("needs batch, channels and space, found \(inputs[0])")
    }
    return [inputs[0]]
  }

  private func random(_ step: StepContext) -> RandomStream { step.random(0xD809, stream) }

  private var scale: Double { probability < 1 ? 1 / (1 - probability) : 0 }

  /// Elements that share one draw.
  private func run(_ shape: Shape) -> Int {
    spatial ? max(1, shape.extents.dropFirst(2).reduce(1, *)) : 1
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let (random, run) = (random(step), run(inputs[0].shape))
    for index in 0..<inputs[0].count {
      let isKept = Double(random.uniform(at: UInt64(index / run))) >= probability
      outputs[0][index] = isKept ? inputs[0][index] * T(scale) : 0
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ context: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let (random, run, scale) = (random(context.step), run(x.shape), Float(scale))
    let limit = Float(probability)
    // Draws are multiples of 2^-24: below p and below p rounded up are the same.
    let bound = Double(limit) < probability ? limit.nextUp : limit
    if run > 1 {
      context.parallel(over: x.count / run, grain: max(1, 16384 / run)) { planes in
        for plane in planes {
          let factor = random.uniform(at: UInt64(plane)) >= bound ? scale : 0
          let (to, from) = unsafe (y.pointer + plane * run, x.pointer + plane * run)
          for index in 0..<run { unsafe to[index] = factor == 0 ? 0 : from[index] * factor }
        }
      }
      return
    }
    context.parallel(over: x.count, grain: 8192) { range in
      unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 512) { draws in
        unsafe draws.initialize(repeating: 0)
        var first = range.lowerBound
        while first < range.upperBound {
          let count = min(512, range.upperBound - first)
          var span = unsafe MutableSpan(
            _unsafeElements: UnsafeMutableBufferPointer(rebasing: draws[..<count]))
          random.fillUniform(&span, first: UInt64(first))
          let (to, from) = unsafe (y.pointer + first, x.pointer + first)
          for index in 0..<count { unsafe to[index] = draws[index] >= bound ? from[index] * scale : 0 }
          first += count
        }
      }
    }
  }

  /// The same mask on the seed.
  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(self, seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[0].count) * (spatial ? 1 : 12))
  }
}
