import Tensors

/// The p-norm of each window: (sum |x|^p)^(1/p), zeros in the padding. Input and output [batch, channels, space...].
///
/// `normalised` divides the sum by the elements of the input in the window, so that p = 1 of numbers that are not
/// negative is their mean and large p tends to the maximum; ONNX and PyTorch (`LPPool2d`) have the plain sum.
public struct LpPool: Operator {
  public static let name = "LpPool"
  public let window: PoolWindow
  public let p: Double
  public let normalised: Bool

  public init(_ window: PoolWindow, p: Double = 2, normalised: Bool = true) {
    (self.window, self.p, self.normalised) = (window, p, normalised)
  }
  public var detail: String { "p \(p), " + window.description + (normalised ? ", normalised" : "") }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(1)
    guard p >= 1, p.isFinite else { throw OperatorError("p must be at least 1, found \(p)") }
    return [try window.outputShape(inputs[0])]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    for plane in 0..<geometry.planes {
      let (input, output) = (plane * geometry.inputPlane, plane * geometry.outputPlane)
      geometry.forEachWindow { window, elements, _ in
        var sum: T = 0
        elements.forEach { sum += T.pow(abs(inputs[0][input + $0]), T(p)) }
        if normalised { sum /= T(elements.count) }
        outputs[0][output + window] = T.pow(sum, T(1 / p))
      }
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard p == 2, let geometry = try? window.geometry(inputs[0].shape) else {
      return parallelReference(inputs, outputs, run)
    }
    let (source, target) = (inputs[0], outputs[0])
    run.parallel(over: geometry.planes, grain: geometry.grain) { planes in
      for plane in planes {
        let from = unsafe source.pointer + plane * geometry.inputPlane
        let to = unsafe target.pointer + plane * geometry.outputPlane
        geometry.forEachWindow { window, elements, _ in
          var sum: Float = 0
          elements.forEach { unsafe sum += from[$0] * from[$0] }
          unsafe to[window] = (normalised ? sum / Float(elements.count) : sum).squareRoot()
        }
      }
    }
  }

  /// The reference, a few planes at a time.
  private func parallelReference(
    _ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext
  ) {
    let (source, target) = (inputs[0], outputs[0])
    run.parallel(source.shape[0]) { batch in
      reference([source.batch(batch)], [target.batch(batch)], run.step)
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(LpPoolGradient(self), call.inputs[0], call.outputs[0], seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 2 * Double(outputs[0].count) * Double(window.elements))
  }
}

/// seed sign(x) (|x| / y)^(p - 1), over the count when normalised; 0 where y is 0. Inputs: x, y, seed.
struct LpPoolGradient: Operator {
  static let name = "LpPoolGradient"
  let pool: LpPool
  init(_ pool: LpPool) { self.pool = pool }
  var detail: String { pool.detail }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let geometry = try? pool.window.geometry(inputs[0].shape) else { return }
    outputs[0].fill(0)
    for plane in 0..<geometry.planes {
      let (input, output) = (plane * geometry.inputPlane, plane * geometry.outputPlane)
      geometry.forEachWindow { window, elements, _ in
        let y = inputs[1][output + window]
        guard y > 0 else { return }
        let seed = inputs[2][output + window] / (pool.normalised ? T(elements.count) : 1)
        elements.forEach { element in
          let x = inputs[0][input + element]
          let ratio = abs(x) / y
          let power = pool.p == 2 ? ratio : T.pow(ratio, T(pool.p - 1))
          outputs[0][input + element] += x < 0 ? -seed * power : x > 0 ? seed * power : 0
        }
      }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y, seed, target) = (inputs[0], inputs[1], inputs[2], outputs[0])
    run.parallel(x.shape[0]) { batch in
      reference([x.batch(batch), y.batch(batch), seed.batch(batch)], [target.batch(batch)], run.step)
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 4 * Double(inputs[1].count) * Double(pool.window.elements))
  }
}

extension Operand {
  /// One sample: the same operand with a batch of one.
  func batch(_ index: Int) -> Operand {
    let size = count / max(1, shape.extents[0])
    guard let one = try? Shape([1] + shape.extents.dropFirst()) else { return self }
    return unsafe Operand(
      one, UnsafeMutableBufferPointer(rebasing: values[index * size..<(index + 1) * size]))
  }
}

extension LpPool {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    window.inputRange(of: output, dimension)
  }
}
