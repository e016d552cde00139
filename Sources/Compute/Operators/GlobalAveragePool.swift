import Tensors

/// The mean of each channel over space: [batch, channels, space...] to [batch, channels, 1...].
public struct GlobalAveragePool: Operator {
  public static let name = "GlobalAveragePool"
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(1)
    return [try inputs[0].globallyPooled()]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let plane = inputs[0].count / max(1, outputs[0].count)
    for index in 0..<outputs[0].count {
      var sum = 0.0
      for element in 0..<plane { sum += Double(inputs[0][index * plane + element]) }
      outputs[0][index] = T(sum / Double(plane))
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (source, target) = (inputs[0], outputs[0])
    let plane = source.count / max(1, target.count)
    run.parallel(over: target.count, grain: max(1, 16384 / plane)) { range in
      for index in range {
        let sum = unsafe Sums.plain(source.pointer + index * plane, plane)
        target[index] = Float(sum / Double(plane))
      }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(GlobalAveragePoolGradient(shape: graph.shape(call.inputs[0])), seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[0].count))
  }
}

/// The seed of each channel, spread evenly over its elements.
struct GlobalAveragePoolGradient: Operator {
  static let name = "GlobalAveragePoolGradient"
  let shape: Shape

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [shape] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let plane = shape.count / max(1, inputs[0].count)
    for index in 0..<shape.count { outputs[0][index] = inputs[0][index / plane] / T(plane) }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (seed, target) = (inputs[0], outputs[0])
    let plane = shape.count / max(1, seed.count)
    run.parallel(over: seed.count, grain: max(1, 16384 / plane)) { range in
      for index in range {
        unsafe (target.pointer + index * plane).update(repeating: seed[index] / Float(plane), count: plane)
      }
    }
  }
}

extension Shape {
  /// [batch, channels, 1...].
  func globallyPooled() throws(OperatorError) -> Shape {
    guard rank >= 3 else {
      throw OperatorError("needs batch, channels and at least one dimension of space, found \(self)")
    }
    guard extents.dropFirst(2).allSatisfy({ $0 > 0 }) else {
      throw OperatorError("there is nothing to pool in \(self)")
    }
    do {
      return try Shape(extents[..<2] + extents[2...].map { _ in 1 })
    } catch { throw OperatorError(error) }
  }
}

extension GlobalAveragePool {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    dimension < 2 ? output : nil
  }
}
