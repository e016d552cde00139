import Tensors

/// Sums over the dimensions along which a tensor of `target` would be repeated by broadcasting: the adjoint of
/// broadcasting. No ONNX operator; it is ReduceSum followed by Reshape.
public struct SumTo: Operator {
  public static let name = "SumTo"
  public let target: Shape
  public init(_ target: Shape) { self.target = target }
  public var detail: String { target.description }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    guard try Broadcasting([inputs[0], target]).shape == inputs[0] else {
      throw OperatorError("\(target) is not broadcast to \(inputs[0])")
    }
    return [target]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    Folding(inputs[0].shape, to: target).reference(SumFold.self, inputs[0], outputs[0])
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    Folding(inputs[0].shape, to: target).compute(SumFold.self, inputs[0], outputs[0], run)
  }

  public func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    Folding(inputs[0], to: target).workspaceBytes
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[0].count))
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.repeated(seed, as: call.inputs[0])]
  }
}

extension SumTo {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let shape = inputs.first else { return nil }
    let own = dimension - target.rank + shape.rank
    return own >= 0 && shape.extents[own] == target.extents[dimension] ? output : nil
  }
}
