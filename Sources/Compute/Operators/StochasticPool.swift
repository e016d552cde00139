import Tensors

/// Stochastic pooling (Zeiler and Fergus 2013): with a = max(x, 0), one element of each window drawn with the
/// probability a / sum of a; when `samples` is false (networks are applied so) the expected value, sum of a^2 / sum of
/// a. 0 where no number is positive.
///
/// Draws are a function of the run's seed and step and of `stream`, as for `Dropout`. Input and output [batch,
/// channels, space...].
public struct StochasticPool: Operator {
  public static let name = "StochasticPool"
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

  fileprivate func random(_ step: StepContext) -> RandomStream { step.random(0xD570, stream) }

  /// The sum of a in a window and, when it samples, the element that is drawn.
  @inline(__always)
  fileprivate func draw<T: Real>(
    _ elements: PoolWindowElements, _ random: RandomStream, _ place: Int, _ x: (Int) -> T
  ) -> (sum: T, element: Int) {
    var sum: T = 0
    elements.forEach { sum += max(x($0), 0) }
    guard samples, sum > 0 else { return (sum, elements.start) }
    let limit = T(random.double(at: UInt64(place))) * sum
    var (total, chosen) = (T(0), -1)
    elements.forEach { element in
      let a = max(x(element), 0)
      // Rounding may leave the limit at the whole sum: then the last positive one.
      if a > 0, chosen < 0 || total <= limit { chosen = element }
      total += a
    }
    return (sum, chosen)
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    for plane in 0..<geometry.planes { one(plane, geometry, inputs[0], outputs[0], random(step)) }
  }

  @inline(__always)
  private func one<T: Real>(
    _ plane: Int, _ geometry: PoolGeometry, _ x: Operand<T>, _ y: Operand<T>, _ random: RandomStream
  ) {
    let (input, output) = (plane * geometry.inputPlane, plane * geometry.outputPlane)
    geometry.forEachWindow { window, elements, _ in
      let (sum, chosen) = draw(elements, random, output + window) { x[input + $0] }
      if !(sum > 0) {
        y[output + window] = sum
      } else if samples {
        y[output + window] = x[input + chosen]
      } else {
        var squares: T = 0
        elements.forEach {
          let a = max(x[input + $0], 0)
          squares += a * a
        }
        y[output + window] = squares / sum
      }
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    let (x, y, random) = (inputs[0], outputs[0], random(run.step))
    run.parallel(over: geometry.planes, grain: geometry.grain) {
      for plane in $0 { one(plane, geometry, x, y, random) }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(StochasticPoolGradient(self), call.inputs[0], seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(outputs[0].count) * Double(3 * window.elements + (samples ? 20 : 0)))
  }
}

/// The seed at the element that was drawn; of the expected value seed (2 a - y) / sum of a. Inputs: x, seed.
struct StochasticPoolGradient: Operator {
  static let name = "StochasticPoolGradient"
  let pool: StochasticPool
  init(_ pool: StochasticPool) { self.pool = pool }
  var detail: String { pool.detail }
  var isRandom: Bool { pool.isRandom }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let geometry = try? pool.window.geometry(inputs[0].shape) else { return }
    for plane in 0..<geometry.planes {
      one(plane, geometry, inputs[0], inputs[1], outputs[0], pool.random(step))
    }
  }

  @inline(__always)
  private func one<T: Real>(
    _ plane: Int, _ geometry: PoolGeometry, _ x: Operand<T>, _ seed: Operand<T>, _ result: Operand<T>,
    _ random: RandomStream
  ) {
    let (input, output) = (plane * geometry.inputPlane, plane * geometry.outputPlane)
    for index in input..<input + geometry.inputPlane { result[index] = 0 }
    geometry.forEachWindow { window, elements, _ in
      let (sum, chosen) = pool.draw(elements, random, output + window) { x[input + $0] }
      guard sum > 0 else { return }
      let given = seed[output + window]
      if pool.samples {
        result[input + chosen] += given
        return
      }
      var squares: T = 0
      elements.forEach {
        let a = max(x[input + $0], 0)
        squares += a * a
      }
      let mean = squares / sum
      elements.forEach { element in
        let number = x[input + element]
        if number > 0 { result[input + element] += given * (2 * number - mean) / sum }
      }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let geometry = try? pool.window.geometry(inputs[0].shape) else { return }
    let (x, seed, result, random) = (inputs[0], inputs[1], outputs[0], pool.random(run.step))
    run.parallel(over: geometry.planes, grain: geometry.grain) {
      for plane in $0 { one(plane, geometry, x, seed, result, random) }
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[1].count) * Double(4 * pool.window.elements))
  }
}

extension StochasticPool {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    window.inputRange(of: output, dimension)
  }
}
