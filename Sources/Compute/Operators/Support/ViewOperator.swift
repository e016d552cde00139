import Tensors

/// A result whose elements are those of the input in another order, or several times: the input read with other
/// strides.
public protocol ViewOperator: Operator {
  /// How the result lies in the input, in as many dimensions as it takes: their extents, outermost first, and
  /// the distance of neighbours in the input. Only asked for shapes that the shape rule allows.
  func view(_ shape: Shape) -> (extents: [Int], strides: [Int])
}

extension ViewOperator {
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let (extents, strides) = view(inputs[0].shape)
    for index in 0..<outputs[0].count {
      var (rest, place, at) = (index, 0, 0)
      for dimension in extents.indices.reversed() {
        (rest, place) = rest.quotientAndRemainder(dividingBy: extents[dimension])
        at += place * strides[dimension]
      }
      outputs[0][index] = inputs[0][at]
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (extents, strides) = view(inputs[0].shape)
    let (x, y) = (inputs[0], outputs[0])
    let walk = Walk(extents, [strides])
    run.parallel(over: y.count, grain: Grain.cheap) { piece in
      walk.rows(in: piece) { index, at, count in
        unsafe copy(from: x.pointer + at[0], walk.steps[0], to: y.pointer + index, count)
      }
    }
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}
