import Tensors

/// The mean of each window. Input and output [batch, channels, space...].
///
/// With `countIncludesPadding` (PyTorch's default) the zeros of the padding count as elements, otherwise only what
/// lies in the input. What a window of `ceilMode` has beyond the padding never counts.
public struct AveragePool: Operator {
  public static let name = "AveragePool"
  public let window: PoolWindow
  public let countIncludesPadding: Bool

  public init(_ window: PoolWindow, countIncludesPadding: Bool = true) {
    (self.window, self.countIncludesPadding) = (window, countIncludesPadding)
  }
  public var detail: String {
    window.description + (countIncludesPadding ? "" : ", padding not counted")
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(1)
    return [try window.outputShape(inputs[0])]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    for plane in 0..<geometry.planes {
      let (input, output) = (plane * geometry.inputPlane, plane * geometry.outputPlane)
      geometry.forEachWindow { window, elements, counted in
        var sum: T = 0
        elements.forEach { sum += inputs[0][input + $0] }
        outputs[0][output + window] = sum / T(countIncludesPadding ? counted : elements.count)
      }
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    let (source, target) = (inputs[0], outputs[0])
    let scales = scales(geometry)
    run.parallel(over: geometry.planes, grain: geometry.grain) { planes in
      let stride = geometry.axes[2].stride
      for plane in planes {
        let from = unsafe source.pointer + plane * geometry.inputPlane
        let to = unsafe target.pointer + plane * geometry.outputPlane
        unsafe to.update(repeating: 0, count: geometry.outputPlane)
        geometry.forEachTapRow { output, input, windows, offset in
          let row = unsafe to + output
          let values = unsafe from + input + offset
          if stride == 2 {
            for x in windows { unsafe row[x] += values[2 &* x] }
          } else {
            for x in windows { unsafe row[x] += values[stride &* x] }
          }
        }
        for index in 0..<geometry.outputPlane { unsafe to[index] *= scales[index] }
      }
    }
  }

  /// One over the number of elements of each window of a plane.
  fileprivate func scales(_ geometry: PoolGeometry) -> [Float] {
    var scales: [Float] = []
    scales.reserveCapacity(geometry.outputPlane)
    geometry.forEachWindow { _, elements, counted in
      scales.append(1 / Float(countIncludesPadding ? counted : elements.count))
    }
    return scales
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(AveragePoolGradient(self, graph.shape(call.inputs[0])), seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(outputs[0].count) * Double(window.elements))
  }
}

/// The seed of each window, spread evenly over its elements. Input: the seed.
struct AveragePoolGradient: Operator {
  static let name = "AveragePoolGradient"
  let pool: AveragePool
  let shape: Shape
  init(_ pool: AveragePool, _ shape: Shape) { (self.pool, self.shape) = (pool, shape) }
  var detail: String { pool.detail }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [shape] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let geometry = try? pool.window.geometry(shape) else { return }
    outputs[0].fill(0)
    for plane in 0..<geometry.planes {
      let (input, output) = (plane * geometry.inputPlane, plane * geometry.outputPlane)
      geometry.forEachWindow { window, elements, counted in
        let share =
          inputs[0][output + window] / T(pool.countIncludesPadding ? counted : elements.count)
        elements.forEach { outputs[0][input + $0] += share }
      }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let geometry = try? pool.window.geometry(shape) else { return }
    let (seed, target) = (inputs[0], outputs[0])
    let scales = pool.scales(geometry)
    run.parallel(over: geometry.planes, grain: geometry.grain) { planes in
      let stride = geometry.axes[2].stride
      for plane in planes {
        let from = unsafe seed.pointer + plane * geometry.outputPlane
        let to = unsafe target.pointer + plane * geometry.inputPlane
        unsafe to.update(repeating: 0, count: geometry.inputPlane)
        unsafe scales.withUnsafeBufferPointer { scales in
          geometry.forEachTapRow { output, input, windows, offset in
            let values = unsafe from + output
            let row = unsafe to + input + offset
            for x in windows { unsafe row[stride &* x] += values[x] * scales[output + x] }
          }
        }
      }
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 2 * Double(inputs[0].count) * Double(pool.window.elements))
  }
}

extension AveragePool {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    window.inputRange(of: output, dimension)
  }
}
