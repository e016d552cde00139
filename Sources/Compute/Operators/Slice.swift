import Tensors

/// Every `step`-th element from `start` to before `end` along some axes, as in ONNX: negative places count from
/// the end, places outside are moved to it, a negative step goes backwards.
public struct Slice: Operator {
  public static let name = "Slice"
  public let axes: [Int]
  public let starts: [Int]
  public let ends: [Int]
  public let steps: [Int]
  public init(axes: [Int], starts: [Int], ends: [Int], steps: [Int]? = nil) {
    (self.axes, self.starts, self.ends) = (axes, starts, ends)
    self.steps = steps ?? axes.map { _ in 1 }
  }
  public init(axis: Int, _ start: Int, _ end: Int, step: Int = 1) {
    self.init(axes: [axis], starts: [start], ends: [end], steps: [step])
  }
  public var detail: String {
    zip(zip(axes, starts), zip(ends, steps)).map { "axis \($0.0) \($0.1) to \($1.0) step \($1.1)" }
      .joined(separator: ", ")
  }

  /// For each dimension the first element, the step and how many there are.
  private func parts(_ shape: Shape) throws(OperatorError) -> [(start: Int, step: Int, count: Int)] {
    guard starts.count == axes.count, ends.count == axes.count, steps.count == axes.count else {
      throw OperatorError(
        "\(axes.count) axes, \(starts.count) starts, \(ends.count) ends and \(steps.count) steps: must be as many"
      )
    }
    _ = try dimensions(axes, of: shape)
    var parts = shape.extents.map { (start: 0, step: 1, count: $0) }
    for (position, axis) in axes.enumerated() {
      let dimension = try dimension(axis, of: shape)
      let extent = shape[dimension]
      let step = steps[position]
      guard step != 0, step > Int.min else { throw OperatorError("the step along axis \(axis) is \(step)") }
      func place(_ given: Int, _ range: ClosedRange<Int>) -> Int {
        min(max(given < 0 ? given + extent : given, range.lowerBound), range.upperBound)
      }
      if step > 0 {
        let start = place(starts[position], 0...extent)
        let length = max(0, place(ends[position], 0...extent) - start)
        parts[dimension] = (start, step, length / step + (length % step > 0 ? 1 : 0))
      } else {
        let start = place(starts[position], 0...max(0, extent - 1))
        // An end beyond the front, such as Int.min, takes the first element too.
        let length = extent == 0 ? 0 : max(0, start - place(ends[position], -1...extent - 1))
        parts[dimension] = (start, step, length / -step + (length % -step > 0 ? 1 : 0))
      }
    }
    return parts
  }

  /// Where the first element stands and how the rest lies in the input.
  private func view(_ shape: Shape) -> (first: Int, walk: Walk)? {
    guard let parts = try? parts(shape) else { return nil }
    let strides = shape.strides
    let first = zip(parts, strides).reduce(0) { $1.0.count > 0 ? $0 + $1.0.start * $1.1 : $0 }
    // A step beyond the only element is never taken, and must not overflow.
    let own = zip(parts, strides).map { $0.count > 1 ? $0.step * $1 : 0 }
    return (first, Walk(parts.map(\.count), [own]))
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    return [try .made(try parts(inputs[0]).map(\.count))]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let (first, walk) = view(inputs[0].shape) else { return }
    walk.rows(in: 0..<walk.count) { index, at, count in
      for k in 0..<count { outputs[0][index + k] = inputs[0][first + at[0] + k * walk.steps[0]] }
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let (first, walk) = view(inputs[0].shape) else { return }
    let (x, y) = (inputs[0], outputs[0])
    run.parallel(over: y.count, grain: Grain.cheap) { piece in
      walk.rows(in: piece) { index, at, count in
        unsafe copy(from: x.pointer + first + at[0], walk.steps[0], to: y.pointer + index, count)
      }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(SliceGradient(of: self, graph.shape(call.inputs[0])), seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }

  /// Puts the seed where it was taken from, zeros elsewhere.
  fileprivate func put<T: Real>(_ seed: Operand<T>, _ result: Operand<T>) {
    guard let (first, walk) = view(result.shape) else { return }
    result.fill(0)
    walk.rows(in: 0..<walk.count) { index, at, count in
      for k in 0..<count { result[first + at[0] + k * walk.steps[0]] = seed[index + k] }
    }
  }

  fileprivate func put(_ seed: Operand<Float>, _ result: Operand<Float>, _ run: RunContext) {
    guard let (first, walk) = view(result.shape) else { return }
    run.parallel(over: result.count, grain: 4 * Grain.cheap) { piece in
      unsafe (result.pointer + piece.lowerBound).update(repeating: 0, count: piece.count)
    }
    run.parallel(over: seed.count, grain: Grain.cheap) { piece in
      walk.rows(in: piece) { index, at, count in
        let step = walk.steps[0]
        let (from, to) = unsafe (seed.pointer + index, result.pointer + first + at[0])
        if step == 1 {
          unsafe to.update(from: from, count: count)
        } else {
          for k in 0..<count { unsafe to[k * step] = from[k] }
        }
      }
    }
  }
}

/// The seed at the elements that were taken, zeros elsewhere.
struct SliceGradient: Operator {
  static let name = "SliceGradient"
  let slice: Slice
  let target: Shape
  init(of slice: Slice, _ target: Shape) { (self.slice, self.target) = (slice, target) }
  var detail: String { slice.detail }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    guard try slice.outputShapes([target]) == inputs else {
      throw OperatorError("\(inputs[0]) is not a slice of \(target)")
    }
    return [target]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    slice.put(inputs[0], outputs[0])
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    slice.put(inputs[0], outputs[0], run)
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(slice, seed)]
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}

/// A row whose elements lie `step` apart.
@inline(__always)
func copy(
  from source: UnsafePointer<Float>, _ step: Int, to target: UnsafeMutablePointer<Float>, _ count: Int
) {
  switch step {
  case 1: unsafe target.update(from: source, count: count)
  case 0: unsafe target.update(repeating: source[0], count: count)
  default: for index in 0..<count { unsafe target[index] = source[index * step] }
  }
}

extension Slice {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard !output.isEmpty, let shape = inputs.first, let parts = try? parts(shape) else { return nil }
    let (start, step, _) = parts[dimension]
    let ends = [start + output.lowerBound * step, start + (output.upperBound - 1) * step]
    return min(ends[0], ends[1])..<max(ends[0], ends[1]) + 1
  }
}
