import Tensors

/// The same numbers in the same order with another shape. Costs nothing where the result may take over the
/// storage, else a copy.
public protocol ReshapingOperator: Operator {
  func target(_ shape: Shape) throws(OperatorError) -> Shape
}

extension ReshapingOperator {
  public var overlays: [Int] { [0] }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    let shape = try target(inputs[0])
    guard shape.count == inputs[0].count else {
      throw OperatorError(
        "\(inputs[0]) has \(inputs[0].count) elements, which cannot become \(shape) with \(shape.count)")
    }
    return [shape]
  }

  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    for index in 0..<outputs[0].count { outputs[0][index] = inputs[0][index] }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    guard x.count > 0, unsafe x.pointer != y.pointer else { return }
    run.parallel(over: y.count, grain: 4 * Grain.cheap) { piece in
      unsafe (y.pointer + piece.lowerBound).update(from: x.pointer + piece.lowerBound, count: piece.count)
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(Reshape(to: graph.shape(call.inputs[0])), seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}

extension ReshapingOperator {
  /// A dimension goes on when it and all behind it stay as they are.
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let old = inputs.first?.extents, let new = outputs.first?.extents else { return nil }
    let tail = new.count - dimension
    guard tail <= old.count, old.suffix(tail) == new.suffix(tail) else { return nil }
    return output
  }
}
