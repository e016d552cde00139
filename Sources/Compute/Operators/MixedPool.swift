import Tensors

/// Mixed pooling (Yu et al. 2014): lambda maximum + (1 - lambda) mean of each window, lambda 0 or 1 at random for each
/// channel of a sample; 1/2 when `samples` is false (networks are applied so). Padding does not count.
///
/// Draws are a function of the run's seed and step and of `stream`, as for `Dropout`: the gradient has the lambda of
/// the forward run. Input and output [batch, channels, space...].
public struct MixedPool: Operator {
  public static let name = "MixedPool"
  public let window: PoolWindow
  public let stream: UInt32
  public let samples: Bool

  public init(_ window: PoolWindow, stream: UInt32, samples: Bool) {
    (self.window, self.stream, self.samples) = (window, stream, samples)
  }
  public var detail: String { window.description + (samples ? ", stream \(stream)" : ", expected value") }
  public var isRandom: Bool { samples }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(1)
    return [try window.outputShape(inputs[0])]
  }

  /// The share of the maximum in a plane.
  fileprivate func share<T: Real>(_ plane: Int, _ step: StepContext) -> T {
    guard samples else { return 0.5 }
    return step.random(0xD318, stream).word(at: UInt64(plane)) & 1 == 0 ? 0 : 1
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    for plane in 0..<geometry.planes { one(plane, geometry, inputs[0], outputs[0], step) }
  }

  @inline(__always)
  private func one<T: Real>(
    _ plane: Int, _ geometry: PoolGeometry, _ x: Operand<T>, _ y: Operand<T>, _ step: StepContext
  ) {
    let (input, output) = (plane * geometry.inputPlane, plane * geometry.outputPlane)
    let share: T = share(plane, step)
    geometry.forEachWindow { window, elements, _ in
      let largest = x[input + elements.firstMaximum { x[input + $0] }]
      var sum: T = 0
      elements.forEach { sum += x[input + $0] }
      y[output + window] = share * largest + (1 - share) * (sum / T(elements.count))
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    let (x, y) = (inputs[0], outputs[0])
    run.parallel(over: geometry.planes, grain: geometry.grain) {
      for plane in $0 { one(plane, geometry, x, y, run.step) }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(MixedPoolGradient(self), call.inputs[0], seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(outputs[0].count) * Double(2 * window.elements))
  }
}

/// lambda seed at the first maximum, (1 - lambda) seed spread evenly. Inputs: x, seed.
struct MixedPoolGradient: Operator {
  static let name = "MixedPoolGradient"
  let pool: MixedPool
  init(_ pool: MixedPool) { self.pool = pool }
  var detail: String { pool.detail }
  var isRandom: Bool { pool.isRandom }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let geometry = try? pool.window.geometry(inputs[0].shape) else { return }
    for plane in 0..<geometry.planes { one(plane, geometry, inputs[0], inputs[1], outputs[0], step) }
  }

  @inline(__always)
  private func one<T: Real>(
    _ plane: Int, _ geometry: PoolGeometry, _ x: Operand<T>, _ seed: Operand<T>, _ result: Operand<T>,
    _ step: StepContext
  ) {
    let (input, output) = (plane * geometry.inputPlane, plane * geometry.outputPlane)
    let share: T = pool.share(plane, step)
    for index in input..<input + geometry.inputPlane { result[index] = 0 }
    geometry.forEachWindow { window, elements, _ in
      let given = seed[output + window]
      result[input + elements.firstMaximum { x[input + $0] }] += share * given
      let part = (1 - share) * given / T(elements.count)
      elements.forEach { result[input + $0] += part }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let geometry = try? pool.window.geometry(inputs[0].shape) else { return }
    let (x, seed, result) = (inputs[0], inputs[1], outputs[0])
    run.parallel(over: geometry.planes, grain: geometry.grain) {
      for plane in $0 { one(plane, geometry, x, seed, result, run.step) }
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[1].count) * Double(2 * pool.window.elements))
  }
}

extension MixedPool {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    window.inputRange(of: output, dimension)
  }
}
