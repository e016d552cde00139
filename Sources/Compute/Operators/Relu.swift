import Tensors

/// max(x, 0).
public struct Relu: Operator {
  public static let name = "Relu"
  public init() {}
  public var overlays: [Int] { [0] }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    for index in 0..<inputs[0].count { outputs[0][index] = max(inputs[0][index], 0) }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(ReluGradient(), call.outputs[0], seed)]
  }
}

/// The seed where the output was positive, else 0.
struct ReluGradient: Operator {
  static let name = "ReluGradient"
  var overlays: [Int] { [1] }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[1]] }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    for index in 0..<inputs[0].count { outputs[0][index] = inputs[0][index] > 0 ? inputs[1][index] : 0 }
  }
}
