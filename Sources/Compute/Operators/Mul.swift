import Tensors

/// a * b, element by element, with broadcasting.
public struct Mul: Operator {
  public static let name = "Mul"
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    [try Broadcasting(inputs).shape]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let broadcasting = try? Broadcasting(inputs.map(\.shape)) else { return }
    broadcasting.forEachPair { outputs[0][$0] = inputs[0][$1] * inputs[1][$2] }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    func part(_ position: Int) throws(GraphError) -> Value? {
      guard call.wanted[position] else { return nil }
      return try graph.reduced(
        try graph.one(Mul(), seed, call.inputs[1 - position]), to: call.inputs[position])
    }
    return [try part(0), try part(1)]
  }
}
