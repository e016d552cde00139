import Tensors

/// The logarithm of `Softmax`: x - largest - log(sum of exp(x - largest)) along an axis.
public struct LogSoftmax: Operator {
  public static let name = "LogSoftmax"
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
    for index in 0..<line.count { sum += Double(T.exp(x[line[index]] - largest)) }
    let logarithm = Double.log(sum)
    for index in 0..<line.count {
      y[line[index]] = T(Double(x[line[index]] - largest) - logarithm)
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let lines = try? AxisLines(inputs[0].shape, axis) else { return }
    let (x, y) = (inputs[0], outputs[0])
    guard lines.step > 1 else {
      return run.parallel(over: lines.count, grain: lines.grain) {
        for line in $0 { one(x, y, lines.elements(line)) }
      }
    }
    lines.forEachBand(run) { start, count in
      let target = unsafe y.pointer + start
      unsafe SoftmaxBand.run(
        x.pointer + start, target, lines: count, step: lines.step, length: lines.length, keepsPowers: false
      ) { sums in
        for line in 0..<count { unsafe sums[line] = Double.log(sums[line]) }
        for index in 0..<lines.length {
          let row = unsafe target + index * lines.step
          for line in 0..<count { unsafe row[line] = Float(Double(row[line]) - sums[line]) }
        }
      }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(LogSoftmaxGradient(axis: axis), call.outputs[0], seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 12 * Double(inputs[0].count))
  }
}

/// seed - exp(y) sum of seed. Inputs: y, seed.
struct LogSoftmaxGradient: Operator {
  static let name = "LogSoftmaxGradient"
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
    for index in 0..<line.count { sum += Double(seed[line[index]]) }
    for index in 0..<line.count {
      let place = line[index]
      result[place] = T(Double(seed[place]) - Double(T.exp(y[place])) * sum)
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let lines = try? AxisLines(inputs[0].shape, axis) else { return }
    run.parallel(over: lines.count, grain: lines.grain) {
      for line in $0 { one(inputs[0], inputs[1], outputs[0], lines.elements(line)) }
    }
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 10 * Double(inputs[0].count)) }
}

extension LogSoftmax {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let shape = inputs.first else { return nil }
    return dimension == (axis < 0 ? axis + shape.rank : axis) ? nil : output
  }
}
