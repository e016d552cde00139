import Tensors

/// Puts tensors one after the other along an axis.
public struct Concat: Operator {
  public static let name = "Concat"
  public let axis: Int
  public init(axis: Int) { self.axis = axis }
  public var detail: String { "axis \(axis)" }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard let first = inputs.first else { throw OperatorError("at least one input expected") }
    let axis = try dimension(axis, of: first)
    var extents = first.extents
    for (position, shape) in inputs.enumerated().dropFirst() {
      guard shape.rank == first.rank else {
        throw OperatorError("input \(position) \(shape) has rank \(shape.rank), input 0 has \(first.rank)")
      }
      for dimension in shape.extents.indices where dimension != axis {
        guard shape[dimension] == first[dimension] else {
          throw OperatorError(
            "along dimension \(dimension) input \(position) has \(shape[dimension]), input 0 has "
              + "\(first[dimension]); only dimension \(axis) may differ")
        }
      }
      let (sum, overflow) = extents[axis].addingReportingOverflow(shape[axis])
      guard !overflow else { throw OperatorError("the extents along dimension \(axis) are too large") }
      extents[axis] = sum
    }
    return [try .made(extents)]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let blocks = Blocks(outputs[0].shape, axis)
    var start = 0
    for input in inputs {
      let part = Blocks(input.shape, axis)
      for outer in 0..<blocks.outer {
        for index in 0..<part.size {
          outputs[0][outer * blocks.size + start + index] = input[outer * part.size + index]
        }
      }
      start += part.size
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let y = outputs[0]
    let blocks = Blocks(y.shape, axis)
    let many = inputs.count
    var starts: [Int] = []
    var start = 0
    for input in inputs {
      starts.append(start)
      start += Blocks(input.shape, axis).size
    }
    // Copies of whole blocks; large ones in pieces.
    for (input, start) in zip(inputs, starts) {
      let size = Blocks(input.shape, axis).size
      // Made in its place.
      if blocks.outer == 1, unsafe input.pointer == y.pointer + start { continue }
      run.parallel(over: input.count, grain: many > 64 ? input.count : 4 * Grain.cheap) { piece in
        var at = piece.lowerBound
        while at < piece.upperBound {
          let (outer, index) = at.quotientAndRemainder(dividingBy: size)
          let part = min(size - index, piece.upperBound - at)
          unsafe (y.pointer + outer * blocks.size + start + index).update(
            from: input.pointer + at, count: part)
          at += part
        }
      }
    }
  }

  public func placement(of input: Int, _ inputs: [Shape]) -> Int? {
    guard inputs.indices.contains(input), Blocks(inputs[input], axis).outer == 1 else { return nil }
    return inputs[..<input].reduce(0) { $0 + $1.count }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return call.inputs.map { _ in nil } }
    let shape = graph.shape(seed)
    let axis = axis < 0 ? axis + shape.rank : axis
    var gradients: [Value?] = []
    var start = 0
    for (input, wanted) in zip(call.inputs, call.wanted) {
      let end = start + graph.shape(input)[axis]
      gradients.append(wanted ? try graph.one(Slice(axis: axis, start, end), seed) : nil)
      start = end
    }
    return gradients
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}

/// A tensor as `outer` blocks, each `size` numbers: what lies together from `axis` on.
struct Blocks {
  let outer: Int
  let size: Int
  init(_ shape: Shape, _ axis: Int) {
    let axis = axis < 0 ? axis + shape.rank : axis
    outer = shape.extents[..<axis].reduce(1, *)
    size = shape.extents[axis...].reduce(1, *)
  }
}

extension Concat {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let first = inputs.first, inputs.indices.contains(input) else { return nil }
    guard dimension == (axis < 0 ? axis + first.rank : axis) else { return output }
    let start = inputs[..<input].reduce(0) { $0 + $1.extents[dimension] }
    return output.lowerBound - start..<output.upperBound - start
  }
}
