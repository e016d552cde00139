import Tensors

/// a + b, element by element, with broadcasting.
public struct Add: Operator {
  public static let name = "Add"
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    [try Broadcasting(inputs).shape]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let broadcasting = try? Broadcasting(inputs.map(\.shape)) else { return }
    broadcasting.forEachPair { outputs[0][$0] = inputs[0][$1] + inputs[1][$2] }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    return [
      try graph.reduced(seed, to: call.inputs[0], wanted: call.wanted[0]),
      try graph.reduced(seed, to: call.inputs[1], wanted: call.wanted[1]),
    ]
  }
}

extension Graph {
  /// The gradient of a broadcast operand: summed over what was repeated.
  mutating func reduced(_ gradient: Value, to operand: Value, wanted: Bool = true) throws(GraphError)
    -> Value?
  {
    guard wanted else { return nil }
    if shape(gradient) == shape(operand) { return gradient }
    return try one(SumTo(shape(operand)), gradient)
  }
}
