import Tensors

/// The largest number of each channel over space: [batch, channels, space...] to [batch, channels, 1...]. NaN wins.
public struct GlobalMaxPool: Operator {
  public static let name = "GlobalMaxPool"
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(1)
    return [try inputs[0].globallyPooled()]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let plane = inputs[0].count / max(1, outputs[0].count)
    let elements = PoolWindowElements(row: plane)
    for index in 0..<outputs[0].count {
      let best = elements.firstMaximum { inputs[0][index * plane + $0] }
      outputs[0][index] = inputs[0][index * plane + best]
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (source, target) = (inputs[0], outputs[0])
    let plane = source.count / max(1, target.count)
    run.parallel(over: target.count, grain: max(1, 16384 / plane)) { range in
      let elements = PoolWindowElements(row: plane)
      for index in range {
        let from = unsafe source.pointer + index * plane
        unsafe target[index] = from[elements.firstMaximum { unsafe from[$0] }]
      }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(GlobalMaxPoolGradient(), call.inputs[0], seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[0].count))
  }
}

/// The seed of each channel where its first maximum is, else 0. Inputs: what was pooled, seed.
struct GlobalMaxPoolGradient: Operator {
  static let name = "GlobalMaxPoolGradient"

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let plane = inputs[0].count / max(1, inputs[1].count)
    let elements = PoolWindowElements(row: plane)
    outputs[0].fill(0)
    for index in 0..<inputs[1].count {
      let best = elements.firstMaximum { inputs[0][index * plane + $0] }
      outputs[0][index * plane + best] = inputs[1][index]
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: Double(inputs[0].count)) }
}

extension PoolWindowElements {
  /// All of a plane.
  init(row count: Int) { self.init(start: 0, counts: (1, 1, count), steps: (0, 0, 1)) }
}

extension GlobalMaxPool {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    dimension < 2 ? output : nil
  }
}
