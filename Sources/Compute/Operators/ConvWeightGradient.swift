import Tensors

/// The gradient of `Conv` with respect to its weights, from the input and the output's gradient. No ONNX operator.
public struct ConvWeightGradient: Operator {
  public static let name = "ConvWeightGradient"
  public let convolution: Convolution
  public let weights: Shape

  public init(_ convolution: Convolution, weights: Shape) {
    (self.convolution, self.weights) = (convolution, weights)
  }

  public var detail: String { convolution.detail(kernel: Array(weights.extents.dropFirst(2))) }

  func plan(_ inputs: [Shape]) throws(OperatorError) -> ConvolutionPlan {
    try convolution.adjointPlan(input: inputs[0], weights: weights, output: inputs[1])
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard inputs.count == 2 else {
      throw OperatorError("needs an input and a gradient, found \(inputs.count) inputs")
    }
    _ = try plan(inputs)
    return [weights]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let plan = try? plan(inputs.map(\.shape)) else { return }
    plan.referenceWeightGradient(inputs[0], inputs[1], outputs[0])
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let plan = try? plan(inputs.map(\.shape)) else { return }
    plan.weightGradient(inputs[0], inputs[1], outputs[0], run)
  }

  public func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    (try? plan(inputs))?.weightGradientWorkspace(threads: threads) ?? 0
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    let (x, y) = (call.inputs[0], call.inputs[1])
    return [
      call.wanted[0] ? try graph.one(ConvInputGradient(convolution, input: graph.shape(x)), y, seed) : nil,
      call.wanted[1]
        ? try graph.one(Conv(convolution, extents: Array(graph.shape(y).extents[2...])), x, seed) : nil,
    ]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: (try? plan(inputs))?.operations ?? 0)
  }
}
