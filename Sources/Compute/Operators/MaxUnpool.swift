import Tensors

/// Puts numbers back where a MaxPool with indices took them, zeros elsewhere. Inputs: numbers and indices
/// [batch, channels, space...]; output [batch, channels, size...].
///
/// Indices outside of the plane are passed over. Where windows overlapped, the last of equal indices is written
/// and each gets the gradient, as in PyTorch (`MaxUnpool2d`).
public struct MaxUnpool: Operator {
  public static let name = "MaxUnpool"
  /// Extents of space.
  public let size: [Int]
  public init(size: [Int]) { self.size = size }
  public var detail: String { "size " + size.map(String.init).joined(separator: "x") }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(2)
    guard inputs[0] == inputs[1] else {
      throw OperatorError("numbers \(inputs[0]) and indices \(inputs[1]) must have the same shape")
    }
    guard inputs[0].rank == size.count + 2, (1...3).contains(size.count) else {
      throw OperatorError("the size \(size) does not fit an input \(inputs[0]) (batch, channels, space)")
    }
    let shape: Shape
    do { shape = try Shape(inputs[0].extents[..<2] + size) } catch { throw OperatorError(error) }
    try shape.planeIsIndexable()
    return [shape]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    outputs[0].fill(0)
    let planes = inputs[0].shape[0] * inputs[0].shape[1]
    let (from, to) = (inputs[0].count / max(1, planes), outputs[0].count / max(1, planes))
    for index in 0..<inputs[0].count {
      guard let place = inputs[1].place(index, below: to) else { continue }
      outputs[0][index / from * to + place] = inputs[0][index]
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (numbers, indices, target) = (inputs[0], inputs[1], outputs[0])
    run.parallel(numbers.shape[0]) { batch in
      reference([numbers.batch(batch), indices.batch(batch)], [target.batch(batch)], run.step)
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    return [try graph.one(MaxUnpoolGradient(), call.inputs[1], seed), nil]
  }
}

/// The seed at each index. Inputs: indices, seed.
struct MaxUnpoolGradient: Operator {
  static let name = "MaxUnpoolGradient"

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let planes = inputs[0].shape[0] * inputs[0].shape[1]
    let (from, to) = (inputs[0].count / max(1, planes), inputs[1].count / max(1, planes))
    for index in 0..<inputs[0].count {
      outputs[0][index] = inputs[0].place(index, below: to).map { inputs[1][index / from * to + $0] } ?? 0
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (indices, seed, target) = (inputs[0], inputs[1], outputs[0])
    run.parallel(indices.shape[0]) { batch in
      reference([indices.batch(batch), seed.batch(batch)], [target.batch(batch)], run.step)
    }
  }
}

extension Operand {
  /// The index that an element holds, when it is one.
  @inline(__always)
  func place(_ element: Int, below count: Int) -> Int? {
    let number = self[element]
    guard number >= 0, number < T(count) else { return nil }
    return Int(number)
  }
}

extension MaxUnpool {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    dimension < 2 ? output : nil
  }
}
