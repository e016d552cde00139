import Kernels
import Tensors

/// exp(x) over its sum along an axis (counted from the end when negative), reckoned from the largest number so that
/// nothing overflows. Input and output have the same shape.
public struct Softmax: Operator {
  public static let name = "Softmax"
  public let axis: Int
  public init(axis: Int = -1) { self.axis = axis }
  public var detail: String { "axis \(axis)" }
  public var overlays: [Int] { [0] }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(1)
    _ = try AxisLines(inputs[0], axis)
    return [inputs[0]]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let lines = try? AxisLines(inputs[0].shape, axis) else { return }
    for line in 0..<lines.count { one(inputs[0], outputs[0], lines.elements(line)) }
  }

  @inline(__always)
  private func one<T: Real>(_ x: Operand<T>, _ y: Operand<T>, _ line: AxisLines.Line) {
    let largest = line.maximum(x)
    var sum = 0.0
    for index in 0..<line.count {
      let power = T.exp(x[line[index]] - largest)
      sum += Double(power)
      y[line[index]] = power
    }
    for index in 0..<line.count { y[line[index]] = T(Double(y[line[index]]) / sum) }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let lines = try? AxisLines(inputs[0].shape, axis) else { return }
    let (x, y) = (inputs[0], outputs[0])
    guard lines.step > 1 else {
      return run.parallel(over: lines.count, grain: lines.grain) {
        for line in $0 { row(x, y, line * lines.length, lines.length) }
      }
    }
    lines.forEachBand(run) { start, count in
      let target = unsafe y.pointer + start
      unsafe SoftmaxBand.run(
        x.pointer + start, target, lines: count, step: lines.step, length: lines.length, keepsPowers: true
      ) { sums in
        for line in 0..<count { unsafe sums[line] = 1 / sums[line] }
        for index in 0..<lines.length {
          let row = unsafe target + index * lines.step
          for line in 0..<count { unsafe row[line] = Float(Double(row[line]) * sums[line]) }
        }
      }
    }
  }

  /// Numbers that follow each other.
  private func row(_ x: Operand<Float>, _ y: Operand<Float>, _ start: Int, _ count: Int) {
    let largest = AxisLines.Line(start: start, step: 1, count: count).maximum(x)
    let (from, to) = unsafe (x.pointer + start, y.pointer + start)
    for index in 0..<count { unsafe to[index] = from[index] - largest }
    unsafe isotach_exp(to, to, Int64(count))
    let factor = unsafe 1 / Sums.plain(to, count)
    for index in 0..<count { unsafe to[index] = Float(Double(to[index]) * factor) }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(SoftmaxGradient(axis: axis), call.outputs[0], seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 12 * Double(inputs[0].count))
  }
}

/// y (seed - sum of y seed). Inputs: y, seed.
struct SoftmaxGradient: Operator {
  static let name = "SoftmaxGradient"
  let axis: Int
  var overlays: [Int] { [0, 1] }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let lines = try? AxisLines(inputs[0].shape, axis) else { return }
    for line in 0..<lines.count { one(inputs[0], inputs[1], outputs[0], lines.elements(line)) }
  }

  @inline(__always)
  private func one<T: Real>(_ y: Operand<T>, _ seed: Operand<T>, _ result: Operand<T>, _ line: AxisLines.Line)
  {
    var sum = 0.0
    for index in 0..<line.count { sum += Double(y[line[index]]) * Double(seed[line[index]]) }
    for index in 0..<line.count {
      let place = line[index]
      result[place] = T(Double(y[place]) * (Double(seed[place]) - sum))
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let lines = try? AxisLines(inputs[0].shape, axis) else { return }
    run.parallel(over: lines.count, grain: lines.grain) {
      for line in $0 { one(inputs[0], inputs[1], outputs[0], lines.elements(line)) }
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 4 * Double(inputs[0].count)) }
}

extension Softmax {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let shape = inputs.first else { return nil }
    return dimension == (axis < 0 ? axis + shape.rank : axis) ? nil : output
  }
}
