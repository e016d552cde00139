import Tensors

/// The slices of a tensor along an axis that indices name; the indices' dimensions take the place of the axis.
/// Negative indices count from the end; one that is not there, or not a whole number, gives NaN. Indices have no
/// gradient.
public struct Gather: Operator {
  public static let name = "Gather"
  public let axis: Int
  public init(axis: Int = 0) { self.axis = axis }
  public var detail: String { "axis \(axis)" }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 2)
    let axis = try dimension(axis, of: inputs[0])
    let extents = inputs[0].extents
    return [try .made(Array(extents[..<axis]) + inputs[1].extents + Array(extents[(axis + 1)...]))]
  }

  /// The tensor as outer x extent x inner.
  fileprivate func blocks(_ shape: Shape) -> (outer: Int, extent: Int, inner: Int) {
    let axis = axis < 0 ? axis + shape.rank : axis
    return (
      shape.extents[..<axis].reduce(1, *), shape[axis], shape.extents[(axis + 1)...].reduce(1, *)
    )
  }

  /// nil when there is no such slice.
  fileprivate static func place<T: Real>(_ index: T, _ extent: Int) -> Int? {
    guard let exact = Int(exactly: index), exact >= -extent, exact < extent else { return nil }
    return exact < 0 ? exact + extent : exact
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let (outer, extent, inner) = blocks(inputs[0].shape)
    let indices = inputs[1]
    for block in 0..<outer {
      for index in 0..<indices.count {
        let place = Self.place(indices[index], extent)
        for k in 0..<inner {
          outputs[0][(block * indices.count + index) * inner + k] =
            place.map { inputs[0][(block * extent + $0) * inner + k] } ?? .nan
        }
      }
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (outer, extent, inner) = blocks(inputs[0].shape)
    let (x, indices, y) = (inputs[0], inputs[1], outputs[0])
    run.parallel(over: outer * indices.count, grain: max(1, Grain.cheap / max(1, inner))) { piece in
      for line in piece {
        let (block, index) = line.quotientAndRemainder(dividingBy: indices.count)
        let target = unsafe y.pointer + line * inner
        if let place = Self.place(indices[index], extent) {
          unsafe target.update(from: x.pointer + (block * extent + place) * inner, count: inner)
        } else {
          unsafe target.update(repeating: .nan, count: inner)
        }
      }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    let shape = graph.shape(call.inputs[0])
    return [try graph.one(GatherGradient(of: self, shape), seed, call.inputs[1]), nil]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }

  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard input == 0, inputs.count == 2 else { return nil }
    let axis = axis < 0 ? axis + inputs[0].rank : axis
    // Behind the indices dimensions are the same counted from the end; before them when nothing is shifted.
    if dimension >= axis + inputs[1].rank { return output }
    return dimension < axis && inputs[1].rank == 1 ? output : nil
  }
}

/// The seed added to the slices that were taken, in the order of the indices.
struct GatherGradient: Operator {
  static let name = "GatherGradient"
  let gather: Gather
  let target: Shape
  init(of gather: Gather, _ target: Shape) { (self.gather, self.target) = (gather, target) }
  var detail: String { gather.detail }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 2)
    guard try gather.outputShapes([target, inputs[1]]) == [inputs[0]] else {
      throw OperatorError("\(inputs[0]) is not what \(inputs[1]) indices take from \(target)")
    }
    return [target]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let (outer, extent, inner) = gather.blocks(target)
    let (seed, indices) = (inputs[0], inputs[1])
    outputs[0].fill(0)
    for block in 0..<outer {
      for index in 0..<indices.count {
        guard let place = Gather.place(indices[index], extent) else { continue }
        for k in 0..<inner {
          outputs[0][(block * extent + place) * inner + k] +=
            seed[(block * indices.count + index) * inner + k]
        }
      }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (outer, extent, inner) = gather.blocks(target)
    let (seed, indices, x) = (inputs[0], inputs[1], outputs[0])
    // A piece is a stretch of the inner dimension within one block: it alone writes there.
    let width = min(max(1, inner), 1024)
    let stretches = (inner + width - 1) / width
    run.parallel(outer * stretches) { piece in
      let (block, stretch) = piece.quotientAndRemainder(dividingBy: stretches)
      let first = stretch * width
      let count = min(width, inner - first)
      for place in 0..<extent {
        unsafe (x.pointer + (block * extent + place) * inner + first).update(repeating: 0, count: count)
      }
      for index in 0..<indices.count {
        guard let place = Gather.place(indices[index], extent) else { continue }
        let from = unsafe seed.pointer + (block * indices.count + index) * inner + first
        let to = unsafe x.pointer + (block * extent + place) * inner + first
        for k in 0..<count { unsafe to[k] += from[k] }
      }
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    guard let seed = seeds[0] else { return [nil, nil] }
    return [try graph.one(gather, seed, call.inputs[1]), nil]
  }
}
