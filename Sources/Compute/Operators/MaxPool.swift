import Kernels
import Tensors

/// The largest number of each window; what lies in the padding does not count. NaN wins, as in PyTorch.
///
/// Input [batch, channels, space...]; outputs the maxima and, when `indices`, where they are: the element of the
/// plane (row-major), the first of equals.
public struct MaxPool: Operator {
  public static let name = "MaxPool"
  public let window: PoolWindow
  public let indices: Bool

  public init(_ window: PoolWindow, indices: Bool = false) { (self.window, self.indices) = (window, indices) }
  public var detail: String { window.description + (indices ? ", with indices" : "") }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(1)
    let shape = try window.outputShape(inputs[0])
    guard indices else { return [shape] }
    try inputs[0].planeIsIndexable()
    return [shape, shape]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    for plane in 0..<geometry.planes {
      let (input, output) = (plane * geometry.inputPlane, plane * geometry.outputPlane)
      geometry.forEachWindow { window, elements, _ in
        let best = elements.firstMaximum { inputs[0][input + $0] }
        outputs[0][output + window] = inputs[0][input + best]
        if indices { outputs[1][output + window] = T(best) }
      }
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    let (source, target) = (inputs[0], outputs[0])
    let places = indices ? outputs[1] : nil
    run.parallel(over: geometry.planes, grain: geometry.grain) { planes in
      for plane in planes {
        let from = unsafe source.pointer + plane * geometry.inputPlane
        let to = unsafe target.pointer + plane * geometry.outputPlane
        if let places {
          let at = unsafe places.pointer + plane * geometry.outputPlane
          geometry.forEachWindow { window, elements, _ in
            let best = elements.firstMaximum { unsafe from[$0] }
            unsafe to[window] = from[best]
            unsafe at[window] = Float(best)
          }
        } else if geometry.isHalf {
          unsafe isotach_max_pool_half(
            from, Int64(geometry.axes[2].input), Int64(geometry.axes[1].output),
            Int64(geometry.axes[2].output), to)
        } else {
          unsafe to.update(repeating: -.infinity, count: geometry.outputPlane)
          let stride = geometry.axes[2].stride
          geometry.forEachTapRow { output, input, windows, offset in
            unsafe Self.raise(to + output, from + input + offset, windows, stride)
          }
        }
      }
    }
  }

  private static func raise(
    _ to: UnsafeMutablePointer<Float>, _ from: UnsafeMutablePointer<Float>, _ windows: Range<Int>,
    _ stride: Int
  ) {
    if stride == 1 {
      for x in windows { unsafe to[x] = larger(to[x], from[x]) }
    } else if stride == 2 {
      for x in windows { unsafe to[x] = larger(to[x], from[2 &* x]) }
    } else {
      for x in windows { unsafe to[x] = larger(to[x], from[stride &* x]) }
    }
  }

  @inline(__always)
  private static func larger(_ old: Float, _ new: Float) -> Float { new > old || new != new ? new : old }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(MaxPoolGradient(window), call.inputs[0], seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(outputs[0].count) * Double(window.elements))
  }
}

/// The seed of each window, added where its first maximum is. Inputs: what was pooled, seed.
struct MaxPoolGradient: Operator {
  static let name = "MaxPoolGradient"
  let window: PoolWindow
  init(_ window: PoolWindow) { self.window = window }
  var detail: String { window.description }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    outputs[0].fill(0)
    for plane in 0..<geometry.planes {
      let (input, output) = (plane * geometry.inputPlane, plane * geometry.outputPlane)
      geometry.forEachWindow { window, elements, _ in
        outputs[0][input + elements.firstMaximum { inputs[0][input + $0] }] += inputs[1][output + window]
      }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let geometry = try? window.geometry(inputs[0].shape) else { return }
    let (source, seed, target) = (inputs[0], inputs[1], outputs[0])
    run.parallel(over: geometry.planes, grain: geometry.grain) { planes in
      for plane in planes {
        let from = unsafe source.pointer + plane * geometry.inputPlane
        let to = unsafe target.pointer + plane * geometry.inputPlane
        let given = unsafe seed.pointer + plane * geometry.outputPlane
        if geometry.isHalf {
          let (y, x) = (geometry.axes[1], geometry.axes[2])
          unsafe isotach_max_pool_half_gradient(
            from, given, Int64(y.input), Int64(x.input), Int64(y.output), Int64(x.output), to)
          continue
        }
        unsafe to.update(repeating: 0, count: geometry.inputPlane)
        geometry.forEachWindow { window, elements, _ in
          unsafe to[elements.firstMaximum { unsafe from[$0] }] += given[window]
        }
      }
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[1].count) * Double(window.elements + 1))
  }
}

extension PoolWindowElements {
  /// The element with the largest number; the first of equals, the last NaN.
  @inline(__always)
  func firstMaximum<T: Real>(_ number: (Int) -> T) -> Int {
    var best = start
    var largest = number(start)
    forEach { element in
      let candidate = number(element)
      if candidate > largest || candidate != candidate { (best, largest) = (element, candidate) }
    }
    return best
  }
}

extension Shape {
  /// Indices are whole numbers in float32, exact up to 2^24.
  func planeIsIndexable() throws(OperatorError) {
    let plane = extents.dropFirst(2).reduce(1, *)
    guard plane <= 1 << 24 else {
      throw OperatorError("indices into a plane of \(plane) elements are not exact in float32 (at most 2^24)")
    }
  }
}

extension [Shape] {
  /// - Throws: when there are fewer or more inputs.
  func expect(_ count: Int) throws(OperatorError) {
    guard self.count == count else { throw OperatorError("needs \(count) inputs, found \(self.count)") }
  }
}

extension MaxPool {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    window.inputRange(of: output, dimension)
  }
}
