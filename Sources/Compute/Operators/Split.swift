import Tensors

/// Cuts a tensor into parts along an axis: one output for each size.
public struct Split: Operator {
  public static let name = "Split"
  public let axis: Int
  public let sizes: [Int]
  public init(axis: Int, sizes: [Int]) { (self.axis, self.sizes) = (axis, sizes) }
  public var detail: String { "axis \(axis), sizes \(sizes)" }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    let axis = try dimension(axis, of: inputs[0])
    var (sum, isAbsurd) = (0, false)
    for size in sizes {
      let overflow: Bool
      (sum, overflow) = sum.addingReportingOverflow(size)
      if overflow || size < 0 { isAbsurd = true; break }
    }
    guard !isAbsurd, sum == inputs[0][axis], !sizes.isEmpty else {
      throw OperatorError(
        "the sizes \(sizes) do not add up to \(inputs[0][axis]), dimension \(axis) of \(inputs[0])")
    }
    var shapes: [Shape] = []
    for size in sizes {
      var extents = inputs[0].extents
      extents[axis] = size
      shapes.append(try .made(extents))
    }
    return shapes
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let whole = Blocks(inputs[0].shape, axis)
    var start = 0
    for output in outputs {
      let part = Blocks(output.shape, axis)
      for outer in 0..<whole.outer {
        for index in 0..<part.size {
          output[outer * part.size + index] = inputs[0][outer * whole.size + start + index]
        }
      }
      start += part.size
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let x = inputs[0]
    let whole = Blocks(x.shape, axis)
    var start = 0
    for output in outputs {
      let size = Blocks(output.shape, axis).size
      let first = start
      run.parallel(over: output.count, grain: 4 * Grain.cheap) { piece in
        var at = piece.lowerBound
        while at < piece.upperBound {
          let (outer, index) = at.quotientAndRemainder(dividingBy: size)
          let part = min(size - index, piece.upperBound - at)
          unsafe (output.pointer + at).update(
            from: x.pointer + outer * whole.size + first + index, count: part)
          at += part
        }
      }
      start += size
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    var parts: [Value] = []
    for (seed, output) in zip(seeds, call.outputs) {
      if let seed {
        parts.append(seed)
      } else {
        parts.append(try graph.one(Expand(graph.shape(output)), graph.constant(0)))
      }
    }
    return try graph.apply(Concat(axis: axis), parts)
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}

extension Split {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let shape = inputs.first else { return nil }
    return dimension == (axis < 0 ? axis + shape.rank : axis) ? nil : output
  }
}
